"""Names that statements of both databases share. The tables are in migrations.py."""

FIELDS = "key, light, phone, payload, message, boot, up, word, reason, version, legs, asked_at"
"""What a press is stored with at first."""

OPEN = "('accepted', 'unconfirmed')"
"""The words that are not the last one."""
