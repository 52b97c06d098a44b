"""`python -m presslight` is the command too."""

from presslight.command import app

app()
