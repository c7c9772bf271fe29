// Gradients of half-precision attention: the sums are those of f32, and each
// gradient is rounded once. So are those that are f32 themselves.

// RUN: spattn-run %s --check=100000 --max-error=3e-6 --entry=f16_f32 --entry=bf16_f32 | FileCheck %s --check-prefix=F32
// RUN: spattn-run %s --check=100000 --max-error=3e-4 --entry=f16 | FileCheck %s --check-prefix=F16
// RUN: spattn-run %s --check=100000 --max-error=3e-3 --entry=bf16 --scalar=s:0.3 | FileCheck %s --check-prefix=BF16

// F32: summary
// F32-COUNT-2: {{e-0[67]}}
// F16: error {{.*}}e-04 relative
// BF16: error {{.*}}e-03 relative

func.func @f16_f32(%q: tensor<2x6x70x24xf16>, %k: tensor<2x2x90x24xf16>, %v: tensor<2x2x90x40xf16>,
    %o: tensor<2x6x70x40xf32>, %l: tensor<2x6x70xf32>, %do: tensor<2x6x70x40xf32>,
    %dq: tensor<2x6x70x24xf32>, %dk: tensor<2x2x90x24xf32>, %dv: tensor<2x2x90x40xf32>)
    -> (tensor<2x6x70x24xf32>, tensor<2x2x90x24xf32>, tensor<2x2x90x40xf32>) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : tensor<2x6x70x24xf16>, tensor<2x2x90x24xf16>, tensor<2x2x90x40xf16>,
          tensor<2x6x70x40xf32>, tensor<2x6x70xf32>, tensor<2x6x70x40xf32>)
      outs(%dq, %dk, %dv : tensor<2x6x70x24xf32>, tensor<2x2x90x24xf32>, tensor<2x2x90x40xf32>)
      {layout = "bhnd"}
  return %r#0, %r#1, %r#2 : tensor<2x6x70x24xf32>, tensor<2x2x90x24xf32>, tensor<2x2x90x40xf32>
}

func.func @bf16_f32(%q: tensor<2x70x6x24xbf16>, %k: tensor<2x90x2x24xbf16>, %v: tensor<2x90x2x40xbf16>,
    %o: tensor<2x70x6x40xf32>, %l: tensor<2x70x6xf32>, %do: tensor<2x70x6x40xf32>,
    %dq: tensor<2x70x6x24xf32>, %dk: tensor<2x90x2x24xf32>, %dv: tensor<2x90x2x40xf32>)
    -> (tensor<2x70x6x24xf32>, tensor<2x90x2x24xf32>, tensor<2x90x2x40xf32>) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : tensor<2x70x6x24xbf16>, tensor<2x90x2x24xbf16>, tensor<2x90x2x40xbf16>,
          tensor<2x70x6x40xf32>, tensor<2x70x6xf32>, tensor<2x70x6x40xf32>)
      outs(%dq, %dk, %dv : tensor<2x70x6x24xf32>, tensor<2x90x2x24xf32>, tensor<2x90x2x40xf32>)
      {layout = "bnhd", tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
  return %r#0, %r#1, %r#2 : tensor<2x70x6x24xf32>, tensor<2x90x2x24xf32>, tensor<2x90x2x40xf32>
}

func.func @f16(%q: tensor<2x70x6x24xf16>, %k: tensor<2x90x2x24xf16>, %v: tensor<2x90x2x40xf16>,
    %o: tensor<2x70x6x40xf16>, %l: tensor<2x70x6xf32>, %do: tensor<2x70x6x40xf16>,
    %dq: tensor<2x70x6x24xf16>, %dk: tensor<2x90x2x24xf16>, %dv: tensor<2x90x2x40xf16>)
    -> (tensor<2x70x6x24xf16>, tensor<2x90x2x24xf16>, tensor<2x90x2x40xf16>) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : tensor<2x70x6x24xf16>, tensor<2x90x2x24xf16>, tensor<2x90x2x40xf16>,
          tensor<2x70x6x40xf16>, tensor<2x70x6xf32>, tensor<2x70x6x40xf16>)
      outs(%dq, %dk, %dv : tensor<2x70x6x24xf16>, tensor<2x90x2x24xf16>, tensor<2x90x2x40xf16>)
      {layout = "bnhd"}
  return %r#0, %r#1, %r#2 : tensor<2x70x6x24xf16>, tensor<2x90x2x24xf16>, tensor<2x90x2x40xf16>
}

func.func @bf16(%q: tensor<2x6x70x24xbf16>, %k: tensor<2x2x90x24xbf16>, %v: tensor<2x2x90x40xbf16>,
    %o: tensor<2x6x70x40xbf16>, %l: tensor<2x6x70xf32>, %do: tensor<2x6x70x40xbf16>, %s: f32,
    %dq: tensor<2x6x70x24xbf16>, %dk: tensor<2x2x90x24xbf16>, %dv: tensor<2x2x90x40xbf16>)
    -> (tensor<2x6x70x24xbf16>, tensor<2x2x90x24xbf16>, tensor<2x2x90x40xbf16>) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : tensor<2x6x70x24xbf16>, tensor<2x2x90x24xbf16>, tensor<2x2x90x40xbf16>,
          tensor<2x6x70x40xbf16>, tensor<2x6x70xf32>, tensor<2x6x70x40xbf16>)
      scale(%s) outs(%dq, %dk, %dv : tensor<2x6x70x24xbf16>, tensor<2x2x90x24xbf16>, tensor<2x2x90x40xbf16>)
      {layout = "bhnd", alignment = #spattn.alignment<start>}
  return %r#0, %r#1, %r#2 : tensor<2x6x70x24xbf16>, tensor<2x2x90x24xbf16>, tensor<2x2x90x40xbf16>
}
