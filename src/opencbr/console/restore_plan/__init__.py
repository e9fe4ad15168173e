"""A restore plan, for people: from the API's answer to a page that is read and a form that is edited, and back to a mapping.

Pure functions; what is escaped is escaped where HTML is written.
"""
