"""The bulk engine: a mailing file through the list, row by row."""
