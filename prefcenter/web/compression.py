"""Recipients' pages travel compressed: most are read on a phone.

Only those are: they know no session, and a page that holds one's secrets must not be made shorter by what a stranger
puts into it. Source: the BREACH attack on compressed HTTPS, CVE-2013-3587.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request
from flask_compress import Compress

LEAST_BYTES: Final = 600
"""What is shorter fits in one packet anyway."""


def init_app(app: Flask) -> None:
    """Compress the pages of the recipients' blueprint, by Brotli or gzip as the browser asks."""
    app.config.update(
        COMPRESS_REGISTER=False, COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=5, COMPRESS_MIN_SIZE=LEAST_BYTES
    )
    compress = Compress(app)

    @app.after_request
    def shorten(response: Response) -> Response:
        if request.blueprint != "recipient":
            return response
        shortened: Response = compress.after_request(response)
        return shortened
