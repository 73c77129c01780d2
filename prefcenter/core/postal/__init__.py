"""Postal addresses: standardising, matching keys, and opt-out requests read from mails."""
