"""The coming runs of policies as people look at them: by week and day, and in words."""
