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
    case .onnx: _ = try GraphModel(onnx: path)
    case .tokenizer: _ = try TokenizerFile.read(path: path)
    case .model, .survival: _ = try ExchangeModels.load(path).description
    }
  }

  /// Makes the cases in a folder: one file or folder each, named by what is wrong with it.
  func make(in folder: Folder) throws {
    switch self {
    case .safetensors: try SafetensorsCases.make(in: folder)
    case .onnx: try ONNXCases.make(in: folder)
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

/// Reads everything in a folder, in this process, and tells what went wrong, a line each.
///
/// The smallest come first: the peak of memory never falls, so that each is held against its own allowance.
func readAll(_ reading: Reading, in folder: String, allowance: Int?) -> [String] {
  var faults: [String] = []
  let baseline = peakMemory()
  for (path, size) in entries(folder) {
    do {
      try reading.read(path)
      if reading != .survival { faults.append("\(path): accepted") }
    } catch {
      let text = "\(error)"
      if !(error is ModelFileError || error is DataError || error is ExchangeError) {
        faults.append("\(path): refused by \(type(of: error)): \(text.prefix(200))")
      }
      if text.isEmpty || text.utf8.count > 4000 {
        faults.append("\(path): an error of \(text.utf8.count) bytes")
      }
    }
    let used = peakMemory() - baseline
    if let allowance, used > size + allowance {
      faults.append("\(path): \(used >> 20) MiB of memory for \(size >> 20) MiB")
      break
    }
  }
  return faults
}

/// The most memory that this process has had, in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  getrusage(RUSAGE_SELF, &usage)
  #if canImport(Darwin)
    return usage.ru_maxrss
  #else
    return usage.ru_maxrss << 10
  #endif
}

/// Whether this program was built with a sanitizer, which takes memory of its own.
let isSanitized: Bool = {
  let all = UnsafeMutableRawPointer(bitPattern: 0)
  return dlsym(all, "__asan_init") != nil || dlsym(all, "__tsan_init") != nil
}()
