"""The page kit that gateway, desk and inbox share: headers, templates, languages, forms, sessions, downloads."""
