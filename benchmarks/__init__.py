"""Measurements, each beside a bare baseline in the same run; run them by ``make bench``."""
