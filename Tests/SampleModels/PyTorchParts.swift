import UnrollData

/// Parts of the archives that `torch.save` writes, for tests that put them together in ways that it does not.
package enum PyTorchParts {
  /// An archive of members that are not compressed.
  package static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in members {
      var sum = CRC32()
      sum.add(bytes, in: 0..<bytes.count)
      let sizes = little(UInt64(bytes.count), 4)
      var middle: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
      middle += little(UInt64(sum.value), 4) + sizes + sizes + little(UInt64(name.utf8.count), 2)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + middle + [UInt8](repeating: 0, count: 12)
      directory += little(UInt64(file.count), 4) + Array(name.utf8)
      file += [0x50, 0x4B, 3, 4, 20, 0] + middle + [0, 0] + Array(name.utf8) + bytes
    }
    let end = little(UInt64(members.count), 2) + little(UInt64(members.count), 2)
    let place = little(UInt64(directory.count), 4) + little(UInt64(file.count), 4)
    return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + end + place + [0, 0]
  }

  /// The archive of a pickle and its storages.
  package static func archive(pickle: [UInt8], storages: [(key: String, bytes: [UInt8])] = []) -> [UInt8] {
    archive(
      [("m/data.pkl", pickle), ("m/byteorder", Array("little".utf8))]
        + storages.map { ("m/data/\($0.key)", $0.bytes) } + [("m/version", Array("3\n".utf8))])
  }

  package static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  // MARK: pickles

  package static func pickle(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + [UInt8(ascii: ".")] }

  package static func name(_ module: String, _ name: String) -> [UInt8] {
    [UInt8(ascii: "c")] + Array("\(module)\n\(name)\n".utf8)
  }

  package static func string(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + little(UInt64(text.utf8.count), 4) + Array(text.utf8)
  }

  package static func integer(_ number: Int) -> [UInt8] {
    [0x8A, 8] + little(UInt64(bitPattern: Int64(number)), 8)
  }

  package static func tuple(_ parts: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "(")] + parts.flatMap { $0 } + [UInt8(ascii: "t")]
  }

  package static func call(_ function: [UInt8], _ arguments: [[UInt8]]) -> [UInt8] {
    function + tuple(arguments) + [UInt8(ascii: "R")]
  }

  package static func storage(_ type: String = "FloatStorage", key: String = "0", count: Int) -> [UInt8] {
    tuple([string("storage"), name("torch", type), string(key), string("cpu"), integer(count)])
      + [UInt8(ascii: "Q")]
  }

  package static func tensor(
    _ storage: [UInt8], offset: Int = 0, shape: [Int], strides: [Int]
  ) -> [UInt8] {
    call(
      name("torch._utils", "_rebuild_tensor_v2"),
      [
        storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89],
        call(name("collections", "OrderedDict"), []),
      ])
  }

  package static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + entries.flatMap { string($0.0) + $0.1 } + [UInt8(ascii: "u")]
  }
}
