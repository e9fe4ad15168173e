"""What this server offers beyond the CBR v3 interface; each module exports `ROUTES`."""
