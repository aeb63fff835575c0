import Foundation
import SampleModels

/// Model folders that are odd and need not be wrong: whatever becomes of them, the process lives and memory is small.
enum SurvivalCases {
  static func make(in folder: Folder) throws {
    for kind in ModelFiles.kinds {
      let model = try ModelFiles.of(kind)
      let text = model.text("config.json")
      // Every number in turn, whatever it means.
      let pattern = try Regex("\"[A-Za-z0-9]+\" : -?[0-9.e-]+")
      for (index, match) in text.matches(of: pattern).enumerated() {
        let name = text[match.range].prefix { $0 != ":" }
        for number in ["-1", "0", "9223372036854775807", "-9223372036854775808", "1e308", "-0.5"] {
          let changed = text.replacingCharacters(in: match.range, with: "\(name): \(number)")
          let place = name.filter { $0.isLetter || $0.isNumber }
          try model.with(changed, "config.json").write(
            to: "\(folder.path)/\(kind.rawValue) \(index) \(place) \(number)")
        }
      }
    }
  }
}
