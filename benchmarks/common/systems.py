"""The attention of each system that benchmarks compare.

A system is a class with a `name` and a `layout`, which says which structures it
`supports` and computes `attend` on tensors of its layout: "bhnd", (batch, heads,
length, dim), or "bnhd", (batch, length, heads, dim). An object of it has the form of
transformers' attention interface. Its constructor raises `Absent` if the system is not
installed or cannot run on this machine.
"""

import torch
import torch.nn.functional as F
from patterns import block_mask, endpoints, for_spattn, window_of
from torch.nn.attention import SDPBackend, sdpa_kernel


class Absent(Exception):
    """A system is not available, for the given reason."""


class System:
    name: str
    layout = "bhnd"
    #: Which tokens of a sequence over several ranks tensors have; None: all.
    assignment = None

    def __init__(
        self, structure: str, batch: int, heads: int, length: int, device, group=None
    ):
        self.structure, self.batch, self.heads = structure, batch, heads
        self.length, self.device, self.group = length, device, group
        self.prepare()

    @staticmethod
    def supports(structure: str) -> bool:
        return True

    def prepare(self) -> None:
        """Setup that is done once per shape."""

    def attend(self, q, k, v, scale: float) -> torch.Tensor:
        """The output, of the system's layout as its operands are."""
        raise NotImplementedError

    def __call__(self, q, k, v, scale: float) -> torch.Tensor:
        """Takes (batch, heads, length, dim); returns (batch, length, heads, dim)."""
        if self.layout == "bnhd":
            return self.attend(*(x.transpose(1, 2) for x in (q, k, v)), scale)
        return self.attend(q, k, v, scale).transpose(1, 2).contiguous()


class Sdpa(System):
    """The backend that torch selects."""

    name = "sdpa"

    @staticmethod
    def supports(structure):
        return structure == "causal"

    def attend(self, q, k, v, scale):
        grouped = q.shape[1] != k.shape[1]
        return F.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=scale, enable_gqa=grouped
        )


class Cudnn(Sdpa):
    """cuDNN through torch."""

    name = "cudnn"

    def prepare(self):
        if self.device == "cpu" or not torch.backends.cudnn.is_available():
            raise Absent("cuDNN needs a GPU")

    def attend(self, q, k, v, scale):
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            return super().attend(q, k, v, scale)


class FlashAttention4(System):
    """FlashAttention-4, from the package flash-attn-4."""

    name = "fa4"
    layout = "bnhd"

    @staticmethod
    def supports(structure):
        return structure == "causal" or window_of(structure) is not None

    def prepare(self):
        try:
            from flash_attn.cute.interface import flash_attn_func
        except ImportError as error:
            raise Absent(f"flash-attn-4: {error}") from error
        self.function = flash_attn_func
        window = window_of(self.structure)
        self.options = {} if window is None else {"window_size": (window - 1, 0)}

    def attend(self, q, k, v, scale):
        return self.function(q, k, v, softmax_scale=scale, causal=True, **self.options)[
            0
        ]


class Flex(System):
    """Compiled FlexAttention with its default backend."""

    name = "flex"
    options: dict | None = None

    def prepare(self):
        if self.device == "cpu":
            raise Absent("FlexAttention has no gradients on a CPU")
        from torch.nn.attention.flex_attention import flex_attention

        self.mask = block_mask(self.structure, self.heads, self.length, self.device)
        self.function = torch.compile(flex_attention, dynamic=False)

    def attend(self, q, k, v, scale):
        return self.function(
            q,
            k,
            v,
            block_mask=self.mask,
            scale=scale,
            enable_gqa=q.shape[1] != k.shape[1],
            kernel_options=self.options,
        )


class FlexFlash(Flex):
    """FlexAttention with FlashAttention-4 kernels."""

    name = "flex-flash"
    options = {"BACKEND": "FLASH"}

    def prepare(self):
        try:
            import flash_attn.cute  # noqa: F401
        except ImportError as error:
            raise Absent(f"flash-attn-4: {error}") from error
        super().prepare()


class CudnnFlex(System):
    """cudnn.flex_attention, from the package nvidia-cudnn-frontend."""

    name = "cudnn-flex"
    layout = "bnhd"
    plan = None

    def prepare(self):
        try:
            from cudnn.flex_attention import create_mask_plan, flex_attn_func
        except ImportError as error:
            raise Absent(f"nvidia-cudnn-frontend: {error}") from error
        self.create, self.function = create_mask_plan, flex_attn_func

    def attend(self, q, k, v, scale):
        if scale != q.shape[-1] ** -0.5:
            raise ValueError("cudnn.flex_attention is called with its own scale")
        q, k, v = (x.contiguous() for x in (q, k, v))
        if self.plan is None:
            ends = endpoints(
                self.structure, self.heads, self.length, self.batch, self.device
            )
            self.plan = self.create(ends, q, k, v, build_backward=True)
        return self.function(q, k, v, mask_plan=self.plan)


class Spattn(System):
    """spattn, as `attn_implementation="spattn"` calls it."""

    name = "spattn"

    def prepare(self):
        import spattn.torch

        self.text = for_spattn(self.structure).text
        self.function = spattn.torch.attention

    def attend(self, q, k, v, scale):
        return self.function(q, k, v, self.text, scale=scale)


SYSTEMS = {
    system.name: system
    for system in (Cudnn, FlashAttention4, Flex, FlexFlash, CudnnFlex, Sdpa, Spattn)
}
