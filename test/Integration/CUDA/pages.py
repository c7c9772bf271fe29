"""Keys and values in pages, for tests: pools in any order, and the table."""

import numpy as np

#: A page that no pool has, in entries of a table that are not read.
NONE = 1_000_000


def paged(numbers, arrays, page_size, ends, missing=()):
    """Pools of arrays (batch, heads, keys, dim), and the table (batch, pages) of where
    their pages are. Entry b has `ends[b]` keys. Beside its pages, a pool has some of
    NaN. `missing` lists (entry, number, page): pages that the table refers to instead,
    and that there are not; the arrays are zero there then."""
    batch, _, keys, _ = arrays[0].shape
    room = keys // page_size
    pages = batch * room + 3
    order = numbers.permutation(pages)
    table = order[: batch * room].reshape(batch, room).astype(np.int32)
    pools = []
    for x in arrays:
        pool = np.full((pages, x.shape[1], page_size, x.shape[3]), np.nan)
        parts = x.reshape(batch, x.shape[1], room, page_size, x.shape[3])
        pool[table] = parts.transpose(0, 2, 1, 3, 4)
        pools.append(pool)
    for b, end in enumerate(ends):
        # What pages hold past the keys reaches nothing.
        table[b, -(-end // page_size) :] = NONE
        if end % page_size:
            for pool in pools:
                pool[table[b, end // page_size], :, end % page_size :] = np.nan
    for b, number, page in missing:
        table[b, number] = page if page < 0 else pages + page
        for x in arrays:
            x[b, :, number * page_size : (number + 1) * page_size] = 0
    return pools, table
