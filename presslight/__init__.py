"""The command: composes the parts and starts them. It holds no rules, and nobody imports it."""
