"""What the tests share: the gallery of configurations, and visible skips that say what to install."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

import symconv as sc

GALLERY: dict[str, tuple[sc.Layer, str]] = {
    "plain": (sc.Conv((4, 4), (3, 3)), "weight_matrix"),
    "padded": (sc.Conv((4, 4), (3, 3), padding=1), "weight_matrix"),
    "reflect": (sc.Conv((3, 4), (3, 3), padding=1, padding_mode="reflect"), "weight_matrix"),
    "circular-1d": (sc.Conv((5,), 3, padding=1, padding_mode="circular"), "weight_matrix"),
    "read-twice": (sc.Conv((2,), 3, padding=1, padding_mode="circular"), "weight_matrix"),
    "replicate-3d": (
        sc.Conv((2, 4, 4), 2, 2, 2, stride=(1, 2, 2), padding=1, bias=True, padding_mode="replicate"),
        "weight_matrix",
    ),
    "symmetric-dilated-input": (
        sc.Conv((5, 4), (2, 3), stride=2, padding=((1, 2), (0, 1)), padding_mode="symmetric", input_dilation=(2, 1)),
        "weight_matrix",
    ),
    "groups-bias": (sc.Conv((3, 3), 2, 4, 4, groups=2, bias=True), "weight_matrix"),
    "depthwise": (sc.Conv((6, 6), 3, 4, 4, stride=2, padding=1, groups=4), "weight_matrix"),
    "flipped-full": (sc.Conv((3, 3), 3, padding="full", flip_kernel=True), "weight_matrix"),
    "crop": (sc.Conv((6, 5), 3, padding=((-1, 2), (1, -1)), padding_mode="circular"), "weight_matrix"),
    "one-by-one": (sc.Conv((4, 4), 1, 3, 2), "weight_matrix"),
    "single": (sc.Conv((1,), 1), "weight_matrix"),
    "causal": (sc.Conv((10,), 3, dilation=4, padding=((8, 0),)), "weight_matrix"),
    "rank-4": (sc.Conv((3, 3, 3, 3), 2, dilation=2, padding=2, padding_mode="reflect"), "weight_matrix"),
    "rank-4-wide": (
        sc.Conv((2, 3, 2, 1), (2, 3, 3, 2), 2, 2, (1, 2, 1, 1), ((1, 0), (1, 1), (2, 2), (2, 1)), (1, 1, 2, 3)),
        "im2col",
    ),
    "im2col-long-column": (
        sc.Conv((33, 9, 12), 2, 12, 4, 2, ((1, 1), (1, 1), (0, 1)), 2, padding_mode="circular"),
        "im2col",
    ),
    "gaps": (sc.Conv((3, 2), 2, input_dilation=3), "weight_matrix"),
    "linear": (sc.Linear(3, 2, bias=True), "weight_matrix"),
    "lenet-c1": (sc.Conv((32, 32), 5, 1, 6), "weight_matrix"),
    "lenet-c3": (sc.Conv((14, 14), 5, 6, 16, bias=True), "weight_matrix"),
    "transposed": (sc.ConvTranspose((2, 2), 3, stride=2, padding=1, output_padding=1), "weight_matrix"),
    "transposed-groups": (
        sc.ConvTranspose((3, 2), (2, 3), 4, 4, stride=2, padding=((1, 0), (0, 1)), groups=2, bias=True),
        "weight_matrix",
    ),
    "transposed-3d": (sc.ConvTranspose((2, 2, 2), 2, stride=(2, 1, 2), dilation=2), "weight_matrix"),
    "avg-pool": (sc.AvgPool((4, 4), 2), "weight_matrix"),
    "avg-pool-border": (sc.AvgPool((3, 4), 3, stride=1, padding=1, count_include_pad=False), "weight_matrix"),
    "avg-pool-ceil": (sc.AvgPool((40, 7), (3, 2), 2, 2, ((1, 0), (0, 1)), ceil_mode=True), "weight_matrix"),
    "bilinear": (sc.Upsample((2, 3), size=(4, 4), mode="bilinear"), "weight_matrix"),
    "nearest": (sc.Upsample((2, 2), 2, scale_factor="3/2"), "weight_matrix"),
    "pixel-shuffle": (sc.PixelShuffle((2, 1), 2), "weight_matrix"),
    "pooling": (sc.AvgPool((4, 4), 2), "pooling"),
    "pooling-border": (sc.AvgPool((5,), 3, 2, 2, 1, ceil_mode=True, count_include_pad=False), "pooling"),
    "upsampling-nearest": (sc.Upsample((2, 3), 2, scale_factor=(2, 3)), "upsampling"),
    "upsampling-bilinear": (sc.Upsample((3, 3), size=(5, 2), mode="bilinear"), "upsampling"),
    "upsampling-shuffle": (sc.PixelShuffle((2, 2), 2), "upsampling"),
    "upsampling-zeros": (sc.ConvTranspose((3, 2), 1, 2, 2, stride=(2, 3), groups=2, bias=True), "upsampling"),
    "im2col": (sc.Conv((4, 4), 3, padding=1), "im2col"),
    "im2col-transposed": (sc.ConvTranspose((3,), 3, 2, 2, stride=2), "im2col"),
    "im2col-groups": (sc.Conv((7,), 3, 2, 4, stride=2, groups=2, bias=True), "im2col"),
    "im2col-lenet-c3": (sc.Conv((14, 14), 5, 6, 16, bias=True), "im2col"),
    "im2col-linear": (sc.Linear(3, 2), "im2col"),
    "kernel-vector": (sc.Conv((3, 4), 2, 2, 2, groups=2, bias=True), "kernel_vector"),
    "kronecker": (sc.Conv((3, 4), (2, 3), padding=1, padding_mode="circular"), "kronecker"),
    "padding-factor": (sc.Conv((3, 4), (3, 2), padding=((1, 0), (1, 1)), padding_mode="reflect"), "padding_factor"),
    "stride-selection": (sc.Conv((3, 7), (2, 3), stride=(1, 2), dilation=(1, 2)), "stride_selection"),
    "flip": (sc.Conv((3,), 4, padding=2, padding_mode="circular"), "flip"),
    "structure": (sc.Conv((4, 4), 3, padding=1), "structure"),
    "sparsity": (sc.Conv((5, 6), 3, 2, 4, stride=2, padding=1, padding_mode="replicate"), "sparsity"),
    "rank": (sc.Conv((3,), 3, padding=1, padding_mode="circular"), "rank"),
    "dft": (sc.Conv((4,), 3, padding=1, padding_mode="circular"), "dft"),
    "dft-channels": (sc.Conv((3, 4), (2, 3), 2, 2, padding=((0, 1), (1, 1)), padding_mode="circular"), "dft"),
    "winograd": (sc.Conv((6, 7), 3, 2, padding=1), "winograd"),
    "input-gradient": (sc.Conv((6,), 3, 2, 2, stride=2, padding=1, groups=2, bias=True), "input_gradient"),
    "input-gradient-reflect": (sc.Conv((3, 4), (2, 3), padding=1, padding_mode="reflect"), "input_gradient"),
    "input-gradient-pooling": (sc.AvgPool((5,), 3, 2, 2, 1, ceil_mode=True, count_include_pad=False), "input_gradient"),
    "input-gradient-shuffle": (sc.PixelShuffle((2, 1), 2), "input_gradient"),
    "input-gradient-transposed": (
        sc.ConvTranspose((3, 2), (2, 3), 4, 4, stride=2, padding=((1, 0), (0, 1)), groups=2, bias=True),
        "input_gradient",
    ),
    "kernel-gradient": (sc.Conv((6,), 3, 4, 2, stride=2, padding=1, groups=2, bias=True), "kernel_gradient"),
    "kernel-gradient-plane": (
        sc.Conv((5, 4), (3, 2), stride=(2, 1), dilation=(1, 2), padding=1, padding_mode="circular", flip_kernel=True),
        "kernel_gradient",
    ),
    "kernel-gradient-transposed": (sc.ConvTranspose((3, 2), 2, 2, 2, stride=(2, 1)), "kernel_gradient"),
    "kernel-gradient-linear": (sc.Linear(3, 2), "kernel_gradient"),
    "bias-gradient": (sc.Conv((4, 5), 3, 1, 4, stride=2, padding=1, bias=True), "bias_gradient"),
    "bias-gradient-linear": (sc.Linear(3, 2, bias=True), "bias_gradient"),
    "linear-as-conv": (sc.Linear(4, 2, bias=True), "linear_as_conv"),
    "linear-as-conv-cover": (sc.Conv((2, 3), (2, 3), 2, 2, flip_kernel=True), "linear_as_conv"),
    "linear-as-conv-pointwise": (sc.Conv((2, 2), 1, 3, 2, bias=True), "linear_as_conv"),
    "nonlinearity": (sc.Conv((4, 4), 3, padding=1, bias=True), "nonlinearity"),
    "nonlinearity-pooling": (sc.AvgPool((4, 4), 2), "nonlinearity"),
    "uncertainty": (sc.Conv((5,), 2, bias=True), "uncertainty"),
    "uncertainty-twice": (sc.Conv((2,), 3, 1, 2, padding=1, padding_mode="circular"), "uncertainty"),
    "uncertainty-wide": (sc.Conv((5, 6), 3, 2, 4, stride=2, padding=1, groups=2), "uncertainty"),
    "uncertainty-linear": (sc.Linear(2, 2), "uncertainty"),
    "fft-linear": (sc.Conv((5,), 3, padding=1), "fft_linear"),
}
"""Every parameter, rank 1 to 4, toy sizes to LeNet-5's C3: name -> (layer, theorem)."""

GOLDEN = ["plain", "padded", "reflect", "read-twice", "groups-bias", "symmetric-dilated-input", "flipped-full", "crop",
          "causal", "linear", "transposed", "avg-pool-border", "bilinear", "pixel-shuffle", "pooling", "upsampling-nearest", "im2col", "im2col-groups",
          "kronecker", "padding-factor", "flip", "structure", "rank", "dft", "winograd", "input-gradient", "kernel-gradient", "bias-gradient", "linear-as-conv", "linear-as-conv-pointwise", "nonlinearity", "uncertainty"]  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """The Sphinx extension cannot be imported without Sphinx; its tests say that they were skipped."""
    if find_spec("sphinx") is None:
        config.option.ignore = [*(config.option.ignore or ()), str(config.rootpath / "symconv" / "sphinxext")]


@pytest.fixture(scope="session")
def pdflatex() -> str:
    """The path of pdflatex, or a visible skip."""
    found = shutil.which("pdflatex")
    if found is None:
        pytest.skip(
            "pdflatex is missing: apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern"
        )
    return found
