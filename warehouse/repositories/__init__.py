"""SQL that Python sends, by what it is about; a method takes domain arguments and gives records."""
