"""gtmkit."""
