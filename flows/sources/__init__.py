def read_statement(path, hints): raise NotImplementedError
