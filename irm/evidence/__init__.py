"""Files by content: the blob store on disk and the attachments that point into it."""
