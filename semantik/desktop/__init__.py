"""What the user's system offers: its file manager, theme, language, menus and notifications."""
