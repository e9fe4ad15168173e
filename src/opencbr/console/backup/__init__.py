"""What was backed up, for people: from the API's answers about one backup to what its page shows.

Pure functions. Every text of a document passes `opencbr.console.backup.json_values.words` on its way, which shows characters
that could mislead; HTML and SVG are escaped where they are written.
"""
