// Regions that modify scores, and gradients by slopes and biases: compiled code agrees with the
// oracle, which evaluates and differentiates regions by itself, for all operations that these may
// have, for documents, and whatever the tile shape.

// RUN: spattn-run %s --scalar=c:2.0 --check=100000 --max-error=6e-6 --shape=q:2x4x150x24 --shape=k:2x4x201x24 --shape=qs:2x3 | FileCheck %s
// RUN: spattn-run %s --scalar=c:2.0 --check=100000 --max-error=6e-6 --shape=q:2x4x150x24 --shape=k:2x4x201x24 --shape=qs:2x3 --query-tile=16 --key-tile=48 --parallel | FileCheck %s
// CHECK: summary
// CHECK-COUNT-5: {{e-0[6-9]}}

func.func @region(%q: tensor<?x4x?x24xf32>, %k: tensor<?x4x?x24xf32>, %v: tensor<?x4x?x24xf32>, %o: tensor<?x4x?x24xf32>, %l: tensor<?x4x?xf32>) -> (tensor<?x4x?x24xf32>, tensor<?x4x?xf32>) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>)  outs(%o, %l : tensor<?x4x?x24xf32>, tensor<?x4x?xf32>) score {
    ^bb0(%Rx: f32, %Ri: i32, %Rj: i32, %Rh: i32, %Re: i32):
      %Rd = arith.subi %Ri, %Rj : i32
      %Rf = arith.sitofp %Rd : i32 to f32
      %Rhf = arith.sitofp %Rh : i32 to f32
      %Rc = arith.constant 0.01 : f32
      %Rone = arith.constant 1.5 : f32
      %Rg = arith.mulf %Rf, %Rc : f32
      %Rw = arith.divf %Rx, %Rone : f32
      %Rt = math.tanh %Rw : f32
      %Rp = arith.subf %Rt, %Rg : f32
      %Ra = math.absf %Rp : f32
      %Rz = arith.addf %Ra, %Rone : f32
      %Rs = math.sqrt %Rz : f32
      %Rl = math.log %Rz : f32
      %Ry = arith.mulf %Rs, %Rl : f32
      %Rm = arith.maximumf %Ry, %Rx : f32
      %Rm2 = arith.minimumf %Rm, %Rz : f32
      %Rex = math.exp %Rm2 : f32
      %Rr = math.rsqrt %Rex : f32
      %Ru = arith.addf %Rr, %Rhf : f32
      %Rthree = arith.constant 3 : i32
      %Rrem = arith.remsi %Rd, %Rthree : i32
      %Rzero = arith.constant 0 : i32
      %Ris = arith.cmpi eq, %Rrem, %Rzero : i32
      %Rv = arith.select %Ris, %Ru, %Rm : f32
      spattn.yield %Rv : f32
    } 
  return %r#0, %r#1 : tensor<?x4x?x24xf32>, tensor<?x4x?xf32>
}

func.func @region_backward(%q: tensor<?x4x?x24xf32>, %k: tensor<?x4x?x24xf32>, %v: tensor<?x4x?x24xf32>, %o: tensor<?x4x?x24xf32>, %l: tensor<?x4x?xf32>, %g: tensor<?x4x?x24xf32>, %dq: tensor<?x4x?x24xf32>, %dk: tensor<?x4x?x24xf32>, %dv: tensor<?x4x?x24xf32>) -> (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) {
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %k, %v, %o, %l, %g : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?xf32>, tensor<?x4x?x24xf32>)  outs(%dq, %dk, %dv : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>)  score {
    ^bb0(%Rx: f32, %Ri: i32, %Rj: i32, %Rh: i32, %Re: i32):
      %Rd = arith.subi %Ri, %Rj : i32
      %Rf = arith.sitofp %Rd : i32 to f32
      %Rhf = arith.sitofp %Rh : i32 to f32
      %Rc = arith.constant 0.01 : f32
      %Rone = arith.constant 1.5 : f32
      %Rg = arith.mulf %Rf, %Rc : f32
      %Rw = arith.divf %Rx, %Rone : f32
      %Rt = math.tanh %Rw : f32
      %Rp = arith.subf %Rt, %Rg : f32
      %Ra = math.absf %Rp : f32
      %Rz = arith.addf %Ra, %Rone : f32
      %Rs = math.sqrt %Rz : f32
      %Rl = math.log %Rz : f32
      %Ry = arith.mulf %Rs, %Rl : f32
      %Rm = arith.maximumf %Ry, %Rx : f32
      %Rm2 = arith.minimumf %Rm, %Rz : f32
      %Rex = math.exp %Rm2 : f32
      %Rr = math.rsqrt %Rex : f32
      %Ru = arith.addf %Rr, %Rhf : f32
      %Rthree = arith.constant 3 : i32
      %Rrem = arith.remsi %Rd, %Rthree : i32
      %Rzero = arith.constant 0 : i32
      %Ris = arith.cmpi eq, %Rrem, %Rzero : i32
      %Rv = arith.select %Ris, %Ru, %Rm : f32
      spattn.yield %Rv : f32
    } 
  return %r#0, %r#1, %r#2 : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>
}

func.func @slopes_backward(%q: tensor<?x4x?x24xf32>, %k: tensor<?x4x?x24xf32>, %v: tensor<?x4x?x24xf32>, %o: tensor<?x4x?x24xf32>, %l: tensor<?x4x?xf32>, %g: tensor<?x4x?x24xf32>, %m: tensor<4xf32>, %dq: tensor<?x4x?x24xf32>, %dk: tensor<?x4x?x24xf32>, %dv: tensor<?x4x?x24xf32>, %dm: tensor<4xf32>) -> (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>) {
  %r:4 = spattn.attention_backward structure(#spattn.partition<exclusive>) ins(%q, %k, %v, %o, %l, %g : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?xf32>, tensor<?x4x?x24xf32>)  alibi_slopes(%m : tensor<4xf32>) outs(%dq, %dk, %dv : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) dalibi_slopes(%dm : tensor<4xf32>)  
  return %r#0, %r#1, %r#2, %r#3 : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>
}

func.func @biases_backward(%q: tensor<?x4x?x24xf32>, %k: tensor<?x4x?x24xf32>, %v: tensor<?x4x?x24xf32>, %o: tensor<?x4x?x24xf32>, %l: tensor<?x4x?xf32>, %g: tensor<?x4x?x24xf32>, %m: tensor<4xf32>, %b: tensor<4x33xf32>, %c: f32, %dq: tensor<?x4x?x24xf32>, %dk: tensor<?x4x?x24xf32>, %dv: tensor<?x4x?x24xf32>, %dm: tensor<4xf32>, %db: tensor<4x33xf32>) -> (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>, tensor<4x33xf32>) {
  %r:5 = spattn.attention_backward structure(#spattn.full) ins(%q, %k, %v, %o, %l, %g : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?xf32>, tensor<?x4x?x24xf32>)  alibi_slopes(%m : tensor<4xf32>) distance_bias(%b : tensor<4x33xf32>) soft_cap(%c) outs(%dq, %dk, %dv : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) dalibi_slopes(%dm : tensor<4xf32>) ddistance_bias(%db : tensor<4x33xf32>)  
  return %r#0, %r#1, %r#2, %r#3, %r#4 : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>, tensor<4x33xf32>
}

func.func @documents_backward(%q: tensor<?x4x?x24xf32>, %k: tensor<?x4x?x24xf32>, %v: tensor<?x4x?x24xf32>, %o: tensor<?x4x?x24xf32>, %l: tensor<?x4x?xf32>, %g: tensor<?x4x?x24xf32>, %qs: tensor<?x?xi32>, %qe: tensor<?x?xi32>, %ks: tensor<?x?xi32>, %ke: tensor<?x?xi32>, %m: tensor<4xf32>, %b: tensor<4x9xf32>, %c: f32, %dq: tensor<?x4x?x24xf32>, %dk: tensor<?x4x?x24xf32>, %dv: tensor<?x4x?x24xf32>, %dm: tensor<4xf32>, %db: tensor<4x9xf32>) -> (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>, tensor<4x9xf32>) {
  %r:5 = spattn.attention_backward structure(#spattn.window<left = 20, right = 7>) ins(%q, %k, %v, %o, %l, %g : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?xf32>, tensor<?x4x?x24xf32>)  query_starts(%qs : tensor<?x?xi32>) query_ends(%qe : tensor<?x?xi32>) key_starts(%ks : tensor<?x?xi32>) key_ends(%ke : tensor<?x?xi32>) alibi_slopes(%m : tensor<4xf32>) distance_bias(%b : tensor<4x9xf32>) soft_cap(%c) outs(%dq, %dk, %dv : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) dalibi_slopes(%dm : tensor<4xf32>) ddistance_bias(%db : tensor<4x9xf32>) score {
    ^bb0(%Rx: f32, %Ri: i32, %Rj: i32, %Rh: i32, %Re: i32):
      %Rd = arith.subi %Ri, %Rj : i32
      %Rf = arith.sitofp %Rd : i32 to f32
      %Rhf = arith.sitofp %Rh : i32 to f32
      %Rc = arith.constant 0.01 : f32
      %Rone = arith.constant 1.5 : f32
      %Rg = arith.mulf %Rf, %Rc : f32
      %Rw = arith.divf %Rx, %Rone : f32
      %Rt = math.tanh %Rw : f32
      %Rp = arith.subf %Rt, %Rg : f32
      %Ra = math.absf %Rp : f32
      %Rz = arith.addf %Ra, %Rone : f32
      %Rs = math.sqrt %Rz : f32
      %Rl = math.log %Rz : f32
      %Ry = arith.mulf %Rs, %Rl : f32
      %Rm = arith.maximumf %Ry, %Rx : f32
      %Rm2 = arith.minimumf %Rm, %Rz : f32
      %Rex = math.exp %Rm2 : f32
      %Rr = math.rsqrt %Rex : f32
      %Ru = arith.addf %Rr, %Rhf : f32
      %Rthree = arith.constant 3 : i32
      %Rrem = arith.remsi %Rd, %Rthree : i32
      %Rzero = arith.constant 0 : i32
      %Ris = arith.cmpi eq, %Rrem, %Rzero : i32
      %Rv = arith.select %Ris, %Ru, %Rm : f32
      spattn.yield %Rv : f32
    } 
  return %r#0, %r#1, %r#2, %r#3, %r#4 : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>, tensor<4xf32>, tensor<4x9xf32>
}
