"""What users read and write: texts in all languages, and names as they are shown."""
