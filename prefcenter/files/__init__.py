"""Tables in and out, and manifests."""
