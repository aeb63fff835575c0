import Foundation
import SampleModels
import UnrollTraining

/// Hostile model folders: their `config.json`, their manifest, their weights, and what stands in the folder.
enum ModelCases {
  static func make(in folder: Folder) throws {
    for kind in ModelFiles.kinds {
      let model = try ModelFiles.of(kind)
      try makeConfigurations(model, "\(folder.path)/\(kind.rawValue), ")
      try makeSizes(model, kind, "\(folder.path)/\(kind.rawValue), ")
    }
    try makeManifests(in: folder)
    try makePaths(in: folder)
    try makeWeights(in: folder)
  }

  /// What no configuration of any task may look like. The manifest confirms all of it.
  private static func makeConfigurations(_ model: ModelFiles, _ start: String) throws {
    let text = model.text("config.json")
    let bytes = model.files["config.json"] ?? []
    func write(_ changed: String, _ name: String) throws {
      try model.with(changed, "config.json").write(to: start + name)
    }
    for part in 1...3 {
      try write(String(decoding: bytes.prefix(bytes.count * part / 4), as: UTF8.self), "cut \(part)")
    }
    try write("", "empty")
    try write("null", "null")
    try write("[\(text)]", "in a list")
    try write(text + "{}", "two objects")
    try write("\u{FEFF}" + text, "a byte-order mark")
    try model.with(Array(text.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, "config.json").write(
      to: start + "UTF-16")
    let open = text.dropFirst()
    try write("{\"task\": \"sing\", " + open, "the task twice")
    try write("{\"t\\u0061sk\": \"sing\", " + open, "the task twice, once escaped")
    try write(
      replacing(text, "\"settings\" : {", "\"settings\" : {\"model\": 1, \"model\": 2, "), "a setting twice")
    try write("{\"a\": \(String(repeating: "[", count: 500_000))", "deep lists")
    try write("{\"a\": \(String(repeating: "{\"a\":", count: 500_000))", "deep objects")
    try write(
      "{\"a\": \(String(repeating: "[", count: 400))\(String(repeating: "]", count: 400)), " + open,
      "400 lists")
    try write("{\"a\": \(String(repeating: "9", count: 100_000)), " + open, "a long number")
    try write("{\"a\": [\(String(repeating: "0,", count: 1_500_000))0], " + open, "many values")
    let keys = (0..<200_000).map { "\"\($0)\":0" }.joined(separator: ",")
    try write("{\"a\": {\(keys)}, " + open, "many keys")
    for word in ["NaN", "Infinity", "01", "1.", ".5", "+1", "'a'", "undefined", "// a\n1", "\"\u{1}\""] {
      try write(
        "{\"a\": \(word), " + open,
        "the value \(word.prefix(4).filter { $0 != "/" && $0 != "\n" && $0 != "\u{1}" })")
    }
    for (index, bad) in ([[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] as [[UInt8]]).enumerated() {
      let front = Array("{\"a\": \"".utf8) + bad + Array("\", ".utf8)
      try model.with(front + open.utf8, "config.json").write(to: start + "bad UTF-8 \(index)")
    }
    try write(replacing(text, "\"version\" : 1", "\"version\" : 2"), "another version")
    try write(replacing(text, "\"version\" : 1", "\"version\" : 1e400"), "a version without end")
    try write(
      replacing(text, "\"version\" : 1", "\"version\" : 9223372036854775808"), "a version that overflows")
    try write(replacing(text, "unroll-model", "unroll-model\\u0000"), "another format")
    try write(replacing(text, "\"settings\" : {", "\"setting\" : {"), "no settings")
    try write(
      "{\"format\":\"unroll-model\",\"version\":1,\"task\":\"../x\",\"settings\":{}}", "a task of a path")
  }

  /// The sizes that each task builds its network from.
  private static let sizes: [SampleModels.Kind: [String]] = [
    .forecast: ["hidden", "layers", "members", "window-look-back", "window-segment", "window-horizon"],
    .classify: ["hidden", "layers", "members", "embedding", "pieces"],
    .sequences: ["hidden", "layers", "members", "frame", "hop"],
    .tag: [
      "hidden", "layers", "members", "embedding", "character-embedding", "character-hidden",
      "feature-embedding",
    ],
    .generate: ["hidden", "layers", "embedding"],
    .translate: ["hidden", "embedding", "layers", "decoder-layers"],
    .summarize: ["hidden", "embedding", "layers", "decoder-layers"],
    .network: ["inputs", "outputs"],
    .graph: [],
  ]

  private static func makeSizes(_ model: ModelFiles, _ kind: SampleModels.Kind, _ start: String) throws {
    let text = model.text("config.json")
    for name in sizes[kind] ?? [] {
      for number in [
        "-1", "-9223372036854775808", "8000", "1099511627776", "9223372036854775807", "1e18", "\"1\"",
      ] {
        let changed = text.replacing(try Regex("\"\(name)\" : [0-9]+"), with: "\"\(name)\" : \(number)")
        guard changed != text else {
          throw ModelFileError(.missing, file: start, expected: "the setting \(name)", found: text)
        }
        try model.with(changed, "config.json").write(to: "\(start)\(name) \(number)")
      }
    }
    // Files that belong to another model.
    for name in model.files.keys where name.hasSuffix(".json") && name != "config.json" {
      try model.with("{}", name).write(to: start + "an empty \(name)")
      try model.with(nil, name).write(to: start + "no \(name)")
    }
    try model.with(SafetensorsCases.sound, "model.safetensors").write(to: start + "other weights")
    try model.with(nil, "model.safetensors").write(to: start + "no weights")
    if let weights = model.files["model.safetensors"] {
      try model.with(Array(weights.dropLast()), "model.safetensors").write(to: start + "weights cut by one")
    }
    if let graph = model.files["graph.onnx"] {
      try model.with(Array(graph.dropLast(3)), "graph.onnx").write(to: start + "a graph cut by three")
      try model.with([], "graph.onnx").write(to: start + "an empty graph")
    }
  }

  private static func makeManifests(in folder: Folder) throws {
    let model = try ModelFiles.of(.network)
    let entries = model.entries
    func write(_ manifest: String, _ name: String) throws {
      try model.manifest(manifest).write(to: "\(folder.path)/manifest, \(name)")
    }
    let sound = ModelFiles.manifest(entries)
    let zeros = String(repeating: "0", count: 64)
    for (index, path) in [
      "../x", "..", ".", "", "/etc/passwd", "a/b", "a\\\\b", "a\\u0000b", "C:x", ".hidden", "a b", "é",
      "a\\nb",
      String(repeating: "n", count: 300), "model.safetensors/", "./model.safetensors", "~", "-", "…",
    ].enumerated() where path != "-" {
      let more = "\"\(path)\":{\"bytes\":0,\"sha256\":\"\(zeros)\"}"
      try write(ModelFiles.manifest(entries + [more]), "path \(index)")
    }
    for (index, numbers) in [
      "-1", "1.5", "9223372036854775807", "18446744073709551616", "null", "\"1\"", "1e3",
    ].enumerated() {
      let changed = sound.replacing(try Regex("\"bytes\":[0-9]+"), with: "\"bytes\":\(numbers)")
      try write(changed, "bytes \(index)")
    }
    try write(sound.replacing(try Regex("[0-9a-f]{64}"), with: zeros), "other hashes")
    try write(sound.replacing(try Regex("[0-9a-f]{64}"), with: ""), "no hashes")
    try write(
      sound.uppercased().replacing("VERSION", with: "version").replacing("FILES", with: "files"), "capitals")
    try write(ModelFiles.manifest(Array(entries.dropFirst())), "one file less")
    try write(ModelFiles.manifest(entries + [entries[0]]), "a file twice")
    try write(ModelFiles.manifest(entries + [ModelFiles.entry("more.bin", [])]), "a file that is not there")
    try write("{\"version\":2,\"files\":{\(entries.joined(separator: ","))}}", "another version")
    try write("{\"version\":1,\"files\":[]}", "a list of files")
    try write("{\"version\":1,\"files\":\(String(repeating: "{\"a\":", count: 300_000))", "deep")
    try write(sound + "x", "text behind")
    try write("", "empty")
    let many = (0..<200_000).map { "\"\($0)\":{\"bytes\":0,\"sha256\":\"\(zeros)\"}" }.joined(separator: ",")
    try write("{\"version\":1,\"files\":{\(many)}}", "many files")
    try write(String(repeating: " ", count: 17 << 20) + sound, "17 MiB")
  }

  /// Files that are none, or stand elsewhere.
  private static func makePaths(in folder: Folder) throws {
    let outside = "\(folder.path)-outside"
    try? FileManager.default.removeItem(atPath: outside)
    let model = try ModelFiles.of(.translate)
    try model.write(to: outside)
    for name in [
      "config.json", "model.safetensors", "tokenizer.json", "tokenizer.target.json", "manifest.json",
    ] {
      for (kind, target) in [
        ("a link to the same", "\(outside)/\(name)"), ("a link without end", "/dev/zero"),
        ("a link to itself", name), ("a link to nothing", "nothing"), ("a link to a folder", "/"),
      ] {
        let path = "\(folder.path)/\(name), \(kind)"
        try model.write(to: path)
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
      }
      let pipe = "\(folder.path)/\(name), a pipe"
      try model.write(to: pipe)
      try FileManager.default.removeItem(atPath: "\(pipe)/\(name)")
      mkfifo("\(pipe)/\(name)", 0o600)
      let inner = "\(folder.path)/\(name), a folder"
      try model.write(to: inner)
      try FileManager.default.removeItem(atPath: "\(inner)/\(name)")
      try FileManager.default.createDirectory(atPath: "\(inner)/\(name)", withIntermediateDirectories: false)
    }
    try folder.write("{}", "a file as a model")
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/an empty folder", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/a link to nothing", withDestinationPath: "nothing")
  }

  /// Weights that take more memory than their file, or far more room than the configuration asks for.
  private static func makeWeights(in folder: Folder) throws {
    let model = try ModelFiles.of(.network)
    let own = try Safetensors.decode(model.files["model.safetensors"] ?? [], file: "own").tensors
    let count = 24 << 20
    for (type, elements) in [
      ("U8", count), ("BOOL", count), ("F16", count / 2), ("F32", count / 4), ("F64", count / 8),
    ] {
      let header =
        "{"
        + SafetensorsCases.entry("x", type: "\"\(type)\"", shape: "[\(elements)]", offsets: "[0,\(count)]")
        + "}"
      let bytes = SafetensorsCases.file(header, data: count)
      try model.with(bytes, "model.safetensors").write(to: "\(folder.path)/weights, 24 MiB of \(type)")
    }
    let twice = try Safetensors.encode(own + [("more", own[0].tensor)], file: "own")
    try model.with(twice, "model.safetensors").write(to: "\(folder.path)/weights, one more")
    let fewer = try Safetensors.encode(Array(own.dropLast()), file: "own")
    try model.with(fewer, "model.safetensors").write(to: "\(folder.path)/weights, one less")
  }

  static func replacing(_ text: String, _ old: String, _ new: String) -> String {
    precondition(text.contains(old), "\(old) is not in \(text)")
    return text.replacing(old, with: new)
  }
}
