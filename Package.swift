// swift-tools-version: 6.2
import PackageDescription

/// The floors of the house, from the ground up: each target imports only those above it in this list.
/// `scripts/check-floors` proves it. CI sets UNROLL_STRICT to turn every warning into an error.
let strict = Context.environment["UNROLL_STRICT"] != nil
let swiftSettings: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []
let cSettings: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []

func floor(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let package = Package(
  name: "unroll",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "Unroll", targets: ["Unroll"]),
    .library(name: "UnrollExchange", targets: ["UnrollExchange"]),
    .executable(name: "unroll", targets: ["UnrollCommand"]),
  ],
  dependencies: [
    // For ONNX files alone: `UnrollExchange` and the command build it, `Unroll` does not.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: [])
  ],
  targets: [
    .target(name: "CUnrollKernels", cSettings: cSettings),
    .target(name: "CUnrollSanitizer", cSettings: cSettings),
    floor("UnrollCore", ["CUnrollKernels", "CUnrollSanitizer"]),
    floor("UnrollNetworks", ["UnrollCore"]),
    floor("UnrollTraining", ["UnrollNetworks", "UnrollCore"]),
    floor("UnrollData", ["UnrollCore"]),
    floor("UnrollTasks", ["UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore"]),
    .target(
      name: "UnrollExchange",
      dependencies: [
        "UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["ONNX/Wire/onnx_wire.proto"], swiftSettings: swiftSettings),
    floor("Unroll", ["UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore"]),
    .executableTarget(
      name: "UnrollCommand",
      dependencies: [
        "UnrollExchange", "UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore",
      ],
      swiftSettings: swiftSettings),
    tests("UnrollKernelTests", ["CUnrollKernels"]),
    tests("UnrollCoreTests", ["UnrollCore"]),
    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    tests(
      "UnrollNetworksTests", ["UnrollNetworks", "UnrollCore", "CAllocationCount"],
      resources: [.copy("Goldens")]),
    tests(
      "UnrollTrainingTests", ["UnrollTraining", "UnrollNetworks", "UnrollCore"],
      resources: [.copy("Goldens")]),
    tests("UnrollDataTests", ["UnrollData", "UnrollCore"], resources: [.copy("Goldens")]),
    tests(
      "UnrollTasksTests", ["UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore"],
      resources: [.copy("Goldens")]),
    tests(
      "UnrollExchangeTests",
      [
        "SampleModels", "UnrollExchange", "UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks",
        "UnrollCore", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      resources: [.copy("Goldens")]),
    tests("UnrollCommandTests", ["UnrollCommand", "UnrollTasks", "UnrollTraining", "UnrollCore"]),
    // Small models of every task, for tests and fuzzing.
    .target(
      name: "SampleModels",
      dependencies: [
        "UnrollExchange", "UnrollTasks", "UnrollData", "UnrollTraining", "UnrollNetworks", "UnrollCore",
      ], path: "Tests/SampleModels", swiftSettings: swiftSettings),
    tests(
      "UnrollHostileTests",
      [
        "SampleModels", "UnrollExchange", "UnrollTasks", "UnrollData", "UnrollTraining", "UnrollCore",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
  ],
  cLanguageStandard: .c11
)

// Fuzzing needs a run-time of its own: `scripts/fuzz` asks for it, and nobody else builds it.
if Context.environment["UNROLL_FUZZING"] != nil {
  package.targets += [
    .target(name: "CFuzzer", path: "Fuzzing/CFuzzer"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CFuzzer", "SampleModels", "UnrollExchange", "UnrollTasks", "UnrollData", "UnrollTraining",
        "UnrollCore",
      ], path: "Fuzzing/Fuzz", swiftSettings: swiftSettings),
  ]
}
