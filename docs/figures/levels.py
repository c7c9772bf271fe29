"""The levels from attention to machine code, and their dialects."""

from svg import Drawing

# A level: what it is called, what it is made of, and what makes it of the one
# above.
TOP = ("attention in a program", "spattn.attention, spattn.attention_backward")
PREPARE = "spattn-derive-backward, spattn-normalize"
CPU = [
    (
        "attention on buffers",
        "spattn, memref",
        "spattn-select-tile-shape, spattn-bufferize",
    ),
    ("loops over tiles", "spattn_cpu, scf, memref", "convert-spattn-to-loops"),
    ("vector code", "vector, scf, memref, arith", "convert-spattn-cpu-to-vector"),
    ("LLVM dialect", "llvm", "convert-spattn-forall-to-tasks, upstream"),
    ("call", "CpuKernel: ORC, a thread pool", "JIT"),
]
GPU = [
    ("kernels", "spattn_gpu, scf, arith", "convert-spattn-to-spattn-gpu"),
    ("LLVM dialect", "llvm, nvvm, inline PTX", "convert-spattn-gpu-to-nvvm, upstream"),
    ("PTX, cubin", "code for one architecture", "Target: LLVM's NVPTX, ptxas"),
    ("artifact", "code + launch description", "Target: emitArtifact"),
    ("launch", "Program: CUDA driver, no LLVM", "Runtime"),
]
ALGEBRA = [
    "which tiles to visit,",
    "which are full, which",
    "pairs are allowed",
    "IndexOps: emitted as IR",
    "IntOps: computed on the host",
]

WIDTH, HEIGHT = 900, 562
BOX, GAP, TALL = 290, 42, 46
LEFT, RIGHT, FIRST = 24, WIDTH - 24 - BOX, 146
# Arrows leave room for what is written beside them.
INDENT = 36


def level(
    d: Drawing, x: float, y: float, w: float, tone: str, name: str, made: str
) -> None:
    d.rect(x, y, w, TALL, tone, 5)
    d.text(x + w / 2, y + 16, name, tone, 13, "middle", bold=True)
    d.text(x + w / 2, y + 33, made, tone, 11, "middle", mono=True)


def column(d: Drawing, x: float, tone: str, levels: list[tuple[str, str, str]]) -> None:
    for n, (name, made, by) in enumerate(levels):
        y = FIRST + n * (TALL + GAP)
        level(d, x, y, BOX, tone, name, made)
        if n > 0:
            d.arrow([(x + INDENT, y - GAP), (x + INDENT, y)])
        d.text(x + INDENT + 10, y - GAP / 2, by, size=10.5, mono=True)


def draw() -> Drawing:
    d = Drawing(WIDTH, HEIGHT, "Levels of spattn, and the dialects of each")
    middle = WIDTH / 2
    level(d, middle - 185, 16, 370, "blue", *TOP)
    d.text(middle + 10, 81, PREPARE, size=10.5, mono=True)

    # The way splits below what all targets have in common.
    split = FIRST - 46
    d.path(f"M{middle} {16 + TALL}V{split}", "page-l n")
    for x in (LEFT + INDENT, RIGHT + INDENT):
        d.arrow([(middle, split), (x, split), (x, FIRST)])
    d.text(LEFT, split, "CPU", size=13, bold=True)
    d.text(RIGHT + BOX, split, "GPU", size=13, bold=True, anchor="end")
    column(d, LEFT, "green", CPU)
    column(d, RIGHT, "purple", GPU)

    # What levels are made with, beside them.
    x, w = LEFT + BOX + 24, WIDTH - 2 * (LEFT + BOX + 24)
    y = FIRST - 30
    d.rect(x, y, w, 132, "amber", 5)
    d.text(middle, y + 17, "Structure: the algebra", "amber", 13, "middle", bold=True)
    for n, line in enumerate(ALGEBRA):
        d.text(middle, y + 40 + 17 * n + 8 * (n > 2), line, "amber", 11.5, "middle")
    loops = FIRST + TALL + GAP / 2
    d.arrow([(x, loops), (LEFT + INDENT + 166, loops)], "amber", dashed=True)
    d.arrow([(x + w, FIRST - 14), (RIGHT + INDENT, FIRST - 14)], "amber", dashed=True)

    d.rect(LEFT, 16, 190, TALL, "gray", 5)
    d.text(LEFT + 95, 32, "Reference", "gray", 13, "middle", bold=True)
    d.text(LEFT + 95, 49, "the oracle, in float64", "gray", 11.5, "middle")
    d.arrow([(middle - 185, 39), (LEFT + 190, 39)], dashed=True)
    return d
