;; The inner loop of MurmurHash64A; murmur-hash.ts describes it.
(module
  (import "kernels" "memory" (memory 1))

  ;; Mixes the blocks of eight bytes from $at to $end, of which there is at least one, into the hash at $hash, eight
  ;; bytes, lowest first.
  (func $mix (export "mix") (param $hash i32) (param $at i32) (param $end i32)
    (local $mixed i64) (local $block i64)
    (local.set $mixed (i64.load (local.get $hash)))
    (loop $blocks
      (local.set $block (i64.mul (i64.load (local.get $at)) (i64.const 0xc6a4a7935bd1e995)))
      (local.set $block
        (i64.mul
          (i64.xor (local.get $block) (i64.shr_u (local.get $block) (i64.const 47)))
          (i64.const 0xc6a4a7935bd1e995)))
      (local.set $mixed
        (i64.mul (i64.xor (local.get $mixed) (local.get $block)) (i64.const 0xc6a4a7935bd1e995)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $blocks (i32.lt_u (local.get $at) (local.get $end))))
    (i64.store (local.get $hash) (local.get $mixed))))
