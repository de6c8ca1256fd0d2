"""
Weights as glz stores them: matrices in 8 bits with a scale a row, tables in 4 bits with a scale for each 32 columns of a row (bytes as in ggml's
Q4_0: of a block's 16 bytes the low halves are its first 16 columns, the high halves the others, each with 8 added).
"""

import torch

BLOCK = 32
ROW_SCALE, BLOCK_SCALE = ".row_scale", ".block_scale"
# What scales are tried, of the one that puts a block's largest number at -8: that one first, so that what was in 4 bits comes out the same.
FACTORS = [1, -8 / 7, 0.85, 0.9, 0.925, 0.95, 0.975, 1.025, 1.05, 1.1, 8 / 7, 1.2, -0.95 * 8 / 7, -0.9 * 8 / 7, -1.05 * 8 / 7]


def in_rows(value):
    """A matrix in 8 bits, and its scales."""
    scales = value.abs().amax(1) / 127
    scales[scales == 0] = 1
    return (value / scales[:, None]).round().to(torch.int8).contiguous(), scales.float()


def levels_of(blocks, scales):
    """blocks [n, 32], scales [n] -> whole numbers from -8 to 7"""
    return (blocks / scales[:, None]).round().clamp(-8, 7)


def half(scales):
    """As float16 holds them, none of them 0."""
    scales = scales.half().float()
    return torch.where((scales == 0) | ~scales.isfinite(), torch.ones_like(scales), scales)


def block_scales(blocks):
    """The scale of each block [n, 32] that gives the least squared error of those that are tried; then once more the best one for its levels."""
    largest = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))[:, 0]
    best, least = torch.ones(len(blocks)), torch.full((len(blocks),), torch.inf)

    def look(scales):
        error = (levels_of(blocks, scales) * scales[:, None] - blocks).square().sum(1)
        # NaN is no better either.
        better = error < least
        best[better], least[better] = scales[better], error[better]

    for factor in FACTORS:
        look(half(largest / -8 * factor))
    levels = levels_of(blocks, best)
    look(half((levels * blocks).sum(1) / levels.square().sum(1).clamp(min=1)))
    return best


def in_blocks(value, rows_at_once=8192):
    """A table in 4 bits [rows, columns / 2], and its scales [rows, columns / 32]."""
    rows, columns = value.shape
    assert columns % BLOCK == 0, f"{columns} columns are no whole blocks of {BLOCK}"
    packed, found = [], []
    for part in value.float().split(rows_at_once):
        blocks = part.reshape(-1, BLOCK)
        scales = block_scales(blocks)
        steps = (levels_of(blocks, scales) + 8).to(torch.uint8)
        packed.append((steps[:, : BLOCK // 2] | steps[:, BLOCK // 2 :] << 4).reshape(len(part), columns // 2))
        found.append(scales.half().reshape(len(part), columns // BLOCK))
    return torch.cat(packed).contiguous(), torch.cat(found).contiguous()


def of_blocks(packed, scales):
    """What in_blocks was given, rounded."""
    rows, bytes_of_row = packed.shape
    blocks = packed.reshape(-1, BLOCK // 2)
    levels = torch.cat([blocks & 15, blocks >> 4], 1).float() - 8
    return (levels * scales.float().reshape(-1, 1)).reshape(rows, 2 * bytes_of_row)


def stored(name, value, table_bits=8):
    """Tensors that a parameter is stored as: what is no matrix in half precision, tables of words in 4 bits where that is wanted."""
    if value.ndim != 2:
        return {name: value.half()}
    is_small = table_bits == 4 and name.endswith("embeddings.word_embeddings.weight")
    values, scales = in_blocks(value) if is_small else in_rows(value)
    return {name: values, name + (BLOCK_SCALE if is_small else ROW_SCALE): scales}


def floats(tensors):
    """Stored tensors by name as float32."""
    read = {}
    for name, value in tensors.items():
        if name + BLOCK_SCALE in tensors:
            read[name] = of_blocks(value, tensors[name + BLOCK_SCALE])
        elif name + ROW_SCALE in tensors:
            read[name] = value.float() * tensors[name + ROW_SCALE][:, None]
        elif not name.endswith((BLOCK_SCALE, ROW_SCALE)):
            read[name] = value.float()
    return read
