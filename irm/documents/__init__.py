"""Files that people send and take away: XLSX in and out, and one tree of blocks as HTML, DOCX and PDF."""
