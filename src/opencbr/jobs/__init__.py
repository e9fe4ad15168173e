"""Work that outlives a request: each job is a row of steps that any worker can take up where another fell."""
