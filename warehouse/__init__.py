"""Storage: settings, money, records, tables, repositories, migrations and the embedded server."""
