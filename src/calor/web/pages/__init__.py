"""The pages: one module each, every rule a call into services and the packages below."""
