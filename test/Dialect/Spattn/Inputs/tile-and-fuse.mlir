module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %all = transform.structured.match ops{["linalg.generic"]} in %root : (!transform.any_op) -> !transform.any_op
    %parts:8 = transform.split_handle %all : (!transform.any_op) -> (!transform.any_op, !transform.any_op,
        !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    %tiled, %loops:2 = transform.structured.fuse %parts#7 tile_sizes [0, 1, 64, 0] interchange [0, 1, 2, 3]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
