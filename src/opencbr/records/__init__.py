"""Records: from documents to sealed, signed, chained rows and back; the hot read; verification, also offline."""
