"""Compiled operations: the fast path of queries at the origin.

A query that is known is planned once: what to read, in which waves, and by which generated functions rows become the
answer. A request then only reads rows and writes bytes. Plans come from the declarations that graphql-core's resolvers
read too. A plan makes answers without errors; whatever is not one of those is left to graphql-core (see `declined`).

    compiler   a query's selections → a plan: shapes of rows, and branches to what they lead to
    source     writing Python functions; no text of a request enters them
    values     one value as JSON, checked as graphql-core checks it
    views      a row as the document that a declared function expects
    shapes     what a plan consists of
    loads      a plan at work: what each branch reads and answers
    wave       everything that can be read next, in one command
    run        one request
    plans      the plans that are kept, and when a query gets one
"""
