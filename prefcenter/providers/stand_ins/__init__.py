"""Providers that exist only on this machine: loopback servers that the real SDKs talk to, for tests and the sandbox."""
