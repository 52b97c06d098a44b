"""Phones and operators over HTTP: routes, responses, the page as one document."""
