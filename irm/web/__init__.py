"""What every page shares: layout, components, forms and drafts, live updates, static files, catalogs."""
