"""The reporter's web pages, for a browser with JavaScript switched off."""
