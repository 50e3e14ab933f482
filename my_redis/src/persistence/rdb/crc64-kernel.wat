;; The checksum of RDB files; crc64.ts describes it.
(module
  (import "kernels" "memory" (memory 1))

  ;; Fills the tables at $tables, 8 times 256 words of 64 bits: the effect of each byte on the checksum, table 0 for the
  ;; last of the eight bytes that are processed at once, table 7 for the first (the "slicing-by-8" of Kounavis and Berry).
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
      (br_if $entries (i32.lt_u (local.get $entry) (i32.const 2048)))))

  ;; Continues the checksum at $checksum, eight bytes, lowest first, with the bytes from $at to $end.
  (func $update (export "update") (param $tables i32) (param $checksum i32) (param $at i32) (param $end i32)
    (local $value i64) (local $low i32) (local $high i32)
    (local.set $value (i64.load (local.get $checksum)))
    (block $few
      (loop $eight
        (br_if $few (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $end)))
        (local.set $value (i64.xor (local.get $value) (i64.load (local.get $at))))
        (local.set $low (i32.wrap_i64 (local.get $value)))
        (local.set $high (i32.wrap_i64 (i64.shr_u (local.get $value) (i64.const 32))))
        (local.set $value
          (i64.xor
            (i64.xor
              (i64.xor
                (i64.load offset=14336
                  (i32.add (local.get $tables) (i32.shl (i32.and (local.get $low) (i32.const 255)) (i32.const 3))))
                (i64.load offset=12288
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $low) (i32.const 5)) (i32.const 2040)))))
              (i64.xor
                (i64.load offset=10240
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $low) (i32.const 13)) (i32.const 2040))))
                (i64.load offset=8192
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $low) (i32.const 21)) (i32.const 2040))))))
            (i64.xor
              (i64.xor
                (i64.load offset=6144
                  (i32.add (local.get $tables) (i32.shl (i32.and (local.get $high) (i32.const 255)) (i32.const 3))))
                (i64.load offset=4096
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $high) (i32.const 5)) (i32.const 2040)))))
              (i64.xor
                (i64.load offset=2048
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $high) (i32.const 13)) (i32.const 2040))))
                (i64.load
                  (i32.add (local.get $tables)
                    (i32.and (i32.shr_u (local.get $high) (i32.const 21)) (i32.const 2040))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $eight)))
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
