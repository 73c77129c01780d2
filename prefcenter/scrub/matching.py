"""A block of rows through the list: which rows may be sent to, and what speaks against the others."""

from __future__ import annotations

import polars as pl

from prefcenter.core.channels import Channel
from prefcenter.files.columns import Columns
from prefcenter.scrub.index import ListIndex
from prefcenter.scrub.judging_points import judge_points
from prefcenter.scrub.judging_post import judge_post
from prefcenter.scrub.moved import judge_both
from prefcenter.scrub.verdicts import FOUND_COLUMNS, Judged

__all__ = ["FOUND_COLUMNS", "Judged", "judge"]


def judge(frame: pl.DataFrame, columns: Columns, index: ListIndex, default_country: str) -> Judged:
    """Decide for each row of a block; of one that has two postal addresses, by both (P8).

    Args:
        frame: the rows, all columns as text without nulls.
        columns: what the columns stand for.
        index: the list as the mailing sees it.
        default_country: the country that national phone numbers are read in.
    """
    if index.ask.channel is Channel.POST:
        if columns.before is None:
            return judge_post(frame, columns, index)
        return judge_both(frame, columns, columns.before, index)
    return judge_points(frame, columns, index, default_country)
