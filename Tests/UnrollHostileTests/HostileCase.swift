import Foundation
import SampleModels
import Testing
import UnrollData
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// What reads a hostile file.
enum Reading: String, CaseIterable, Codable, Sendable, CustomTestStringConvertible {
  /// A file of tensors, opened as a whole and where the system keeps it.
  case safetensors
  /// An ONNX file, as `unroll import onnx` reads it.
  case onnx
  /// An archive of `torch.save`, as `unroll import pytorch` reads it.
  case pytorch
  /// A `tokenizer.json`.
  case tokenizer
  /// A model's folder of any task.
  case model
  /// The same, for what need not be refused: it may not crash, nor take memory.
  case survival

  var testDescription: String { rawValue }

  func read(_ path: String) throws {
    switch self {
    case .safetensors:
      // Both ways must refuse it, and by the same error.
      let mapped = Result { try SafetensorsFile(path).tensors() }
      _ = try Safetensors.decode(try FileSystem.contents(of: path, limit: 1 << 30), file: path)
      _ = try mapped.get()
    case .onnx:
      // Where there are other files beside it, in a folder.
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      _ = try GraphModel(onnx: isFolder.boolValue ? "\(path)/m.onnx" : path)
    case .pytorch: _ = try PyTorchWeights.read(path)
    case .tokenizer: _ = try TokenizerFile.read(path: path)
    case .model, .survival: _ = try ExchangeModels.load(path).description
    }
  }

  /// Makes the cases in a folder: one file or folder each, named by what is wrong with it.
  func make(in folder: Folder) throws {
    switch self {
    case .safetensors: try SafetensorsCases.make(in: folder)
    case .onnx: try ONNXCases.make(in: folder)
    case .pytorch: try PyTorchCases.make(in: folder)
    case .tokenizer: try TokenizerCases.make(in: folder)
    case .model: try ModelCases.make(in: folder)
    case .survival: try SurvivalCases.make(in: folder)
    }
  }
}

/// A folder of its own, removed with all that is in it when the last reference goes.
final class Folder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/unroll-hostile-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file of its own name.
  func write(_ bytes: [UInt8], _ name: String) throws {
    guard !FileManager.default.fileExists(atPath: "\(path)/\(name)") else {
      throw ModelFileError(.occupied, file: name, expected: "a case of its own name", found: "another")
    }
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }

  func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// The names and sizes of what lies in a folder, the smallest first.
func entries(_ folder: String) -> [(path: String, size: Int)] {
  func size(_ path: String) -> Int {
    var information = stat()
    guard lstat(path, &information) == 0 else { return 0 }
    guard information.st_mode & S_IFMT == S_IFDIR else { return Int(information.st_size) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { $0 + size("\(path)/\($1)") }
  }
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  return names.sorted().map { ("\(folder)/\($0)", size("\(folder)/\($0)")) }.sorted { $0.size < $1.size }
}

/// Reads everything in a folder, in this process.
///
/// - Parameter report: a folder where two files may be left: `reading` names what was being read when the process
///   ended, and `faults` tells what went wrong, a line each.
func readAll(_ reading: Reading, in folder: String, report: String, allowance: Int?) {
  var faults = ""
  for (path, size) in entries(folder) {
    try? Data(path.utf8).write(to: URL(filePath: "\(report)/reading"))
    let before = PeakMemory.restart()
    do {
      try reading.read(path)
      if reading != .survival { faults += "\(path): accepted\n" }
    } catch {
      let text = "\(error)"
      if !(error is ModelFileError || error is DataError || error is ExchangeError) {
        faults += "\(path): refused by \(type(of: error)): \(text.prefix(200))\n"
      }
      if text.isEmpty || text.utf8.count > 4000 {
        faults += "\(path): an error of \(text.utf8.count) bytes\n"
      }
    }
    let used = PeakMemory.bytes - before
    if let allowance, used > size + allowance {
      faults += "\(path): \(used >> 20) MiB of memory for \(size >> 20) MiB\n"
    }
  }
  try? FileManager.default.removeItem(atPath: "\(report)/reading")
  if !faults.isEmpty { try? Data(faults.utf8).write(to: URL(filePath: "\(report)/faults")) }
}

/// The most memory that this process has had.
enum PeakMemory {
  /// Begins anew where the system can, and tells from where.
  ///
  /// Where it cannot the peak never falls: a reading is then held to what it adds to the largest before it, and the
  /// files come in the order of their sizes.
  static func restart() -> Int {
    #if os(Linux)
      try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
    #endif
    return bytes
  }

  static var bytes: Int {
    #if os(Linux)
      // The process's own figure: that of `getrusage` begins with that of the process that started it.
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0
    #else
      var usage = rusage()
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}

/// Whether this program was built with a sanitizer, which takes memory of its own.
let isSanitized: Bool = {
  let all = UnsafeMutableRawPointer(bitPattern: 0)
  return dlsym(all, "__asan_init") != nil || dlsym(all, "__tsan_init") != nil
}()
