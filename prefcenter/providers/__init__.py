"""Senders and receivers of messages; vendor vocabulary ends here."""
