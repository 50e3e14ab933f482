;; The checksum of RDB files; crc64.ts describes it.
(module
  (import "kernels" "memory" (memory 1))

  ;; Fills the tables at $tables, 16 times 256 words of 64 bits: the effect of each byte on the checksum, table 0 for the
  ;; last of the bytes that are processed at once, table 15 for the first (the "slicing" of Kounavis and Berry). Sixteen
  ;; at once take half the time per byte that eight take, because the second eight need not wait for the checksum.
  (func $prepare (export "prepare") (param $tables i32)
    (local $entry i32) (local $value i64) (local $bit i32)
    (loop $entries
      (local.set $value (i64.extend_i32_u (local.get $entry)))
      (local.set $bit (i32.const 8))
      (loop $bits
        (local.set $value
          (i64.xor
            (i64.shr_u (local.get $value) (i64.const 1))
            ;; The polynomial, lowest bit first, where the lowest bit is set.
            (i64.and
              (i64.const 0x95ac9329ac4bc9b5)
              (i64.sub (i64.const 0) (i64.and (local.get $value) (i64.const 1))))))
        (local.set $bit (i32.sub (local.get $bit) (i32.const 1)))
        (br_if $bits (local.get $bit)))
      (i64.store
        (i32.add (local.get $tables) (i32.shl (local.get $entry) (i32.const 3)))
        (local.get $value))
      (local.set $entry (i32.add (local.get $entry) (i32.const 1)))
      (br_if $entries (i32.lt_u (local.get $entry) (i32.const 256))))
    (loop $entries
      (local.set $value
        (i64.load (i32.add (local.get $tables) (i32.shl (i32.sub (local.get $entry) (i32.const 256)) (i32.const 3)))))
      (i64.store
        (i32.add (local.get $tables) (i32.shl (local.get $entry) (i32.const 3)))
        (i64.xor
          (i64.shr_u (local.get $value) (i64.const 8))
          (i64.load
            (i32.add
              (local.get $tables)
              (i32.shl (i32.wrap_i64 (i64.and (local.get $value) (i64.const 255))) (i32.const 3))))))
      (local.set $entry (i32.add (local.get $entry) (i32.const 1)))
      (br_if $entries (i32.lt_u (local.get $entry) (i32.const 4096)))))

  ;; Continues the checksum at $checksum, eight bytes, lowest first, with the bytes from $at to $end.
  (func $update (export "update") (param $tables i32) (param $checksum i32) (param $at i32) (param $end i32)
    (local $value i64) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $value (i64.load (local.get $checksum)))
    (block $few
      (loop $sixteen
        (br_if $few (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (local.set $value (i64.xor (local.get $value) (i64.load (local.get $at))))
        (local.set $a (i32.wrap_i64 (local.get $value)))
        (local.set $b (i32.wrap_i64 (i64.shr_u (local.get $value) (i64.const 32))))
        (local.set $c (i32.load offset=8 (local.get $at)))
        (local.set $d (i32.load offset=12 (local.get $at)))
        (local.set $value
          (i64.xor
            (i64.xor
              (i64.load offset=14336 (i32.add (local.get $tables) (i32.shl (i32.and (local.get $c) (i32.const 255)) (i32.const 3))))
              (i64.load offset=12288 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $c) (i32.const 5)) (i32.const 2040)))))
            (i64.xor
              (i64.load offset=10240 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $c) (i32.const 13)) (i32.const 2040))))
              (i64.load offset=8192 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $c) (i32.const 21)) (i32.const 2040)))))))
        (local.set $value
          (i64.xor
            (local.get $value)
            (i64.xor
              (i64.xor
                (i64.load offset=6144 (i32.add (local.get $tables) (i32.shl (i32.and (local.get $d) (i32.const 255)) (i32.const 3))))
                (i64.load offset=4096 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $d) (i32.const 5)) (i32.const 2040)))))
              (i64.xor
                (i64.load offset=2048 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $d) (i32.const 13)) (i32.const 2040))))
                (i64.load (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $d) (i32.const 21)) (i32.const 2040))))))))
        (local.set $value
          (i64.xor
            (local.get $value)
            (i64.xor
              (i64.xor
                (i64.xor
                  (i64.load offset=30720 (i32.add (local.get $tables) (i32.shl (i32.and (local.get $a) (i32.const 255)) (i32.const 3))))
                  (i64.load offset=28672 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $a) (i32.const 5)) (i32.const 2040)))))
                (i64.xor
                  (i64.load offset=26624 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $a) (i32.const 13)) (i32.const 2040))))
                  (i64.load offset=24576 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $a) (i32.const 21)) (i32.const 2040))))))
              (i64.xor
                (i64.xor
                  (i64.load offset=22528 (i32.add (local.get $tables) (i32.shl (i32.and (local.get $b) (i32.const 255)) (i32.const 3))))
                  (i64.load offset=20480 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $b) (i32.const 5)) (i32.const 2040)))))
                (i64.xor
                  (i64.load offset=18432 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $b) (i32.const 13)) (i32.const 2040))))
                  (i64.load offset=16384 (i32.add (local.get $tables) (i32.and (i32.shr_u (local.get $b) (i32.const 21)) (i32.const 2040)))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $sixteen)))
    (block $none
      (loop $one
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $value
          (i64.xor
            (i64.shr_u (local.get $value) (i64.const 8))
            (i64.load
              (i32.add
                (local.get $tables)
                (i32.shl
                  (i32.xor
                    (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 255))
                    (i32.load8_u (local.get $at)))
                  (i32.const 3))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $one)))
    (i64.store (local.get $checksum) (local.get $value))))
