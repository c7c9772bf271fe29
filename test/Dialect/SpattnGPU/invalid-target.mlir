// RUN: spattn-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{expected a chip, such as "sm_90a"}}
gpu.module @chip [#spattn_gpu.target<chip = "">] {}

// -----

// expected-error@+1 {{expected 'opt' from 0 to 3, got 4}}
gpu.module @opt [#spattn_gpu.target<opt = 4>] {}

// -----

// expected-error@+1 {{expected 'ptx' to be 0, or a version such as 84 for 8.4, got 8}}
gpu.module @ptx [#spattn_gpu.target<ptx = 8>] {}
