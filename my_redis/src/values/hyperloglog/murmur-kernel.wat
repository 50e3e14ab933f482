;; MurmurHash64A (Austin Appleby); murmur-hash.ts says what it is used for.
(module
  (import "kernels" "memory" (memory 1))

  (func $multiplied (param $word i64) (result i64)
    (i64.mul (local.get $word) (i64.const 0xc6a4a7935bd1e995)))

  ;; word ^ word >> 47
  (func $folded (param $word i64) (result i64)
    (i64.xor (local.get $word) (i64.shr_u (local.get $word) (i64.const 47))))

  ;; The hash of an element of $length bytes before any of them is mixed into it.
  (func $begun (param $length i32) (param $seed i32) (result i64)
    (i64.xor
      (i64.extend_i32_u (local.get $seed))
      (call $multiplied (i64.extend_i32_u (local.get $length)))))

  ;; Mixes the whole blocks of eight bytes from $at to $end into a hash. The loop calls nothing, since a call is felt here.
  (func $mixed (param $hash i64) (param $at i32) (param $end i32) (result i64)
    (local $block i64)
    ;; The last place at which a whole block can begin, and one more.
    (local.set $end (i32.sub (local.get $end) (i32.const 7)))
    (block $done
      (br_if $done (i32.ge_s (local.get $at) (local.get $end)))
      (loop $blocks
        (local.set $block (i64.mul (i64.load (local.get $at)) (i64.const 0xc6a4a7935bd1e995)))
        (local.set $block
          (i64.mul
            (i64.xor (local.get $block) (i64.shr_u (local.get $block) (i64.const 47)))
            (i64.const 0xc6a4a7935bd1e995)))
        (local.set $hash
          (i64.mul (i64.xor (local.get $hash) (local.get $block)) (i64.const 0xc6a4a7935bd1e995)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $blocks (i32.lt_s (local.get $at) (local.get $end)))))
    (local.get $hash))

  ;; Mixes the last bytes, fewer than eight, into a hash, and ends it.
  (func $ended (param $hash i64) (param $at i32) (param $bytes i32) (result i64)
    (block $whole
      (br_if $whole (i32.eqz (local.get $bytes)))
      ;; The bytes behind the element are no part of it.
      (local.set $hash
        (call $multiplied
          (i64.xor
            (local.get $hash)
            (i64.and
              (i64.load (local.get $at))
              (i64.sub
                (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $bytes) (i32.const 3))))
                (i64.const 1)))))))
    (call $folded (call $multiplied (call $folded (local.get $hash)))))

  ;; Hashes $count elements, of which there is at least one. Each has two words at $places, where it starts and where it
  ;; ends. The words of its hash replace them, the lower one first.
  (func $hash (export "hash") (param $places i32) (param $count i32) (param $seed i32)
    (local $last i32) (local $at i32) (local $end i32) (local $length i32) (local $rest i32)
    (local.set $last (i32.add (local.get $places) (i32.shl (local.get $count) (i32.const 3))))
    (loop $elements
      (local.set $at (i32.load (local.get $places)))
      (local.set $end (i32.load offset=4 (local.get $places)))
      (local.set $length (i32.sub (local.get $end) (local.get $at)))
      (local.set $rest (i32.and (local.get $length) (i32.const 7)))
      (i64.store
        (local.get $places)
        (call $ended
          (call $mixed (call $begun (local.get $length) (local.get $seed)) (local.get $at) (local.get $end))
          (i32.sub (local.get $end) (local.get $rest))
          (local.get $rest)))
      (local.set $places (i32.add (local.get $places) (i32.const 8)))
      (br_if $elements (i32.lt_u (local.get $places) (local.get $last)))))

  ;; The same in steps, for an element that comes in pieces: all but the last one have whole blocks only.
  (func $begin (export "begin") (param $hash i32) (param $length i32) (param $seed i32)
    (i64.store (local.get $hash) (call $begun (local.get $length) (local.get $seed))))

  (func $mix (export "mix") (param $hash i32) (param $at i32) (param $end i32)
    (i64.store (local.get $hash) (call $mixed (i64.load (local.get $hash)) (local.get $at) (local.get $end))))

  (func $end (export "end") (param $hash i32) (param $at i32) (param $bytes i32)
    (i64.store (local.get $hash) (call $ended (i64.load (local.get $hash)) (local.get $at) (local.get $bytes)))))
