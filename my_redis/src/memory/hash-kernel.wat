;; HalfSipHash-1-3 of bytes, as in half-sip-hash.ts.
(module
  (import "kernels" "memory" (memory 1))

  ;; The hash of $length bytes from $at on, with the two words of the key. Its round is one line for each pair of its words.
  (func $hash (export "hash") (param $v0 i32) (param $v1 i32) (param $at i32) (param $length i32) (result i32)
    (local $v2 i32) (local $v3 i32) (local $word i32) (local $wordsEnd i32) (local $rounds i32)
    (local.set $v2 (i32.xor (i32.const 0x6c796765) (local.get $v0)))
    (local.set $v3 (i32.xor (i32.const 0x74656462) (local.get $v1)))
    (local.set $wordsEnd (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -4))))
    (loop $words
      ;; The last word has the rest of the bytes, and the length as its highest byte.
      (local.set $word (i32.load (local.get $at)))
      (if (i32.ge_u (local.get $at) (local.get $wordsEnd))
        (then
          (local.set $word
            (i32.or
              (i32.shl (local.get $length) (i32.const 24))
              (i32.and
                (local.get $word)
                (i32.sub
                  (i32.shl (i32.const 1) (i32.shl (i32.and (local.get $length) (i32.const 3)) (i32.const 3)))
                  (i32.const 1)))))))
      (local.set $v3 (i32.xor (local.get $v3) (local.get $word)))
      (local.set $rounds (i32.const 1))
      (if (i32.gt_u (local.get $at) (local.get $wordsEnd))
        (then
          (local.set $v2 (i32.xor (local.get $v2) (i32.const 0xff)))
          (local.set $v3 (i32.xor (local.get $v3) (local.get $word)))
          (local.set $word (i32.const 0))
          (local.set $rounds (i32.const 3))))
      (loop $round
        (local.set $v0 (i32.add (local.get $v0) (local.get $v1)))
        (local.set $v1 (i32.xor (i32.rotl (local.get $v1) (i32.const 5)) (local.get $v0)))
        (local.set $v0 (i32.rotl (local.get $v0) (i32.const 16)))
        (local.set $v2 (i32.add (local.get $v2) (local.get $v3)))
        (local.set $v3 (i32.xor (i32.rotl (local.get $v3) (i32.const 8)) (local.get $v2)))
        (local.set $v0 (i32.add (local.get $v0) (local.get $v3)))
        (local.set $v3 (i32.xor (i32.rotl (local.get $v3) (i32.const 7)) (local.get $v0)))
        (local.set $v2 (i32.add (local.get $v2) (local.get $v1)))
        (local.set $v1 (i32.xor (i32.rotl (local.get $v1) (i32.const 13)) (local.get $v2)))
        (local.set $v2 (i32.rotl (local.get $v2) (i32.const 16)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
        (br_if $round (local.get $rounds)))
      (local.set $v0 (i32.xor (local.get $v0) (local.get $word)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      ;; Once more after the last word, for the three rounds at the end.
      (br_if $words (i32.le_u (local.get $at) (i32.add (local.get $wordsEnd) (i32.const 4)))))
    (i32.xor (local.get $v1) (local.get $v3))))
