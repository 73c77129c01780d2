"""The web: pages for recipients and operators, webhooks, the API."""
