"""Charts that are drawn on the server, as SVG: they need no script and print as they are."""
