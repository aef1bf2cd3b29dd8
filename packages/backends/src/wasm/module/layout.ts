/**
 * Constants that the host and the kernels share: the layout of the module's memory. The kernels import this file, so it
 * contains only numbers. All offsets are in bytes; all fields are 32 bits wide.
 */

/** Slots of a row per block of the cache. */
export const slotsPerBlock = 64;
/** Rows of a weight matrix that are stored and computed together. */
export const rowsPerGroup = 8;
/** Inputs of a weight matrix are padded to a multiple of this. */
export const inputsPerBlock = 32;
/**
 * An int32 holds the exact sum of this many products of 8 and 16 bits, and a group's weights for them fit in the L1
 * cache.
 */
export const inputsPerChunk = 512;
/** Tokens that are multiplied with a group of rows at a time. */
export const tokensPerPanel = 4;
/** Bytes of 32 inputs of a group of rows: half-precision scales, then numbers of 8 or 4 bits. */
export const blockBytes8Bit = 272;
export const blockBytes4Bit = 144;
/** Bytes before the numbers of a panel of encoded activations. The first fields are the scales of the tokens. */
export const encodedHeader = 64;

// Control words: a job for the workers, and the barrier. Each is on its own cache line.
export const controlJob = 1024;
export const controlStop = 1028;
export const controlTape = 1032;
export const controlFrame = 1036;
export const controlThreads = 1040;
export const controlArrived = 1152;
export const controlPhase = 1280;
export const controlSleeping = 1408;
export const controlSleeps = 1412;
export const controlJobSleeping = 1536;
/** First address that the host may allocate. */
export const heapStart = 4096;

// A frame: the data that differs from run to run.
export const frameTokens = 0;
export const frameScored = 4;
/** int32 [N] each: ids, position ids, slots, first visible slots, and ends of the visible slots. */
export const frameIds = 8;
export const framePositions = 12;
export const frameSlots = 16;
export const frameFirsts = 20;
export const frameEnds = 24;
/** uint32 [N]: the block table of each token's row. */
export const frameTables = 28;
/** int32 [S]: the scored tokens. */
export const frameScoredTokens = 32;
/** Number format of the cache. */
export const frameElement = 36;
/** Slots at the start of a row that are always visible. */
export const frameSinks = 40;
/** uint32 [layers + 1]: target address of a tapped hidden state, or 0. */
export const frameTaps = 44;
/** uint32 [N] and int32 [N]: block table and length of the source that each token's row reads. */
export const frameSourceTables = 48;
export const frameSourceLengths = 52;
/** Scratch memory: address of the first thread's, and bytes from one thread to the next. */
export const frameScratch = 56;
export const frameScratchBytes = 60;
/** Encoded activations of a whole frame, shared by the threads. */
export const frameEncoded = 64;
/** 1: touch the next rows of a matrix before the current ones are computed. */
export const frameTouch = 68;
/** float64 per entry of the tape: milliseconds that the first thread took. 0: no profile. */
export const frameProfile = 72;
export const frameBytes = 128;

/** Bytes of an entry of the tape. */
export const entryBytes = 128;
export const entryOperation = 0;
/** 0: an entry processes all tokens, 1: the scored ones. */
export const entryScored = 4;

// Operations of the tape.
export const operationEnd = 0;
export const operationLinear = 1;
export const operationGated = 2;
export const operationEmbed = 3;
export const operationNorm = 4;
export const operationRotary = 5;
export const operationAttend = 6;
export const operationElements = 7;
export const operationTap = 8;
export const operationStoreEncoderKeyValues = 9;
export const operationRead = 10;

// Fields of most entries: addresses, and bytes from one token's row to the next.
export const entryInput = 8;
export const entryInputStride = 12;
export const entryOutput = 16;
export const entryOutputStride = 20;
/** Columns of the input. */
export const entryColumns = 24;

// Norm, separate or folded into a linear map.
export const normKind = 28;
export const normWeight = 32;
export const normBias = 36;
export const normEpsilon = 40;
export const normGroups = 44;
export const normKindNone = 0;
export const normKindLayer = 1;
export const normKindRootMeanSquare = 2;

// Linear and gated maps.
export const linearWeights = 48;
export const linearFormat = 52;
/** Groups of rows. A group of a gated map has four gate rows and their four up rows. */
export const linearGroups = 56;
export const linearScales = 60;
export const linearSums = 64;
export const linearBias = 68;
export const linearActivation = 72;
export const linearResidual = 76;
export const linearResidualStride = 80;
/** Where a thread's scratch holds the encoded row of a one-token frame, and bytes per panel. */
export const linearEncodedOffset = 84;
export const linearPanelBytes = 88;
/** Tokens per tile: multiplied with a group of rows before the next group. */
export const linearTile = 92;
export const linearGroupBytes = 96;

// A thread's scratch in a linear map: widened weights and the scales of their blocks, sums of a tile of tokens, one
// row.
export const widenedScales = 8192;
export const scratchSums = 16384;
export const mostTokensOfTile = 256;
/** After the sums of 256 tokens and a panel: 16384 + 260 * 32. */
export const scratchRow = 24704;

// Weight formats.
export const formatFloat32 = 0;
export const formatFloat16 = 1;
export const format8Bit = 2;
export const format8BitBlocks = 3;
export const format4BitBlocks = 4;
/** Stored as 8 bits per row, multiplied with activations in two planes; relaxed build only. */
export const format8BitPlanes = 5;

export const activationNone = 0;
export const activationGelu = 1;
export const activationGeluTanh = 2;
export const activationSilu = 3;
export const activationRelu = 4;

// Embedding; the table has the fields of a linear map.
export const embedPositions = 100;
export const embedOffset = 104;
export const embedScale = 108;

// Rotary, separate or folded into attention.
export const rotaryTable = 28;
export const rotaryWidth = 32;
/** 0: pairs of i and i + width / 2; 1: pairs of 2i and 2i + 1. */
export const rotaryPairs = 36;
export const rotaryHeadSize = 40;

// Attention: the input is the queries.
export const attendKeys = 44;
export const attendKeysStride = 48;
export const attendValues = 52;
export const attendValuesStride = 56;
export const attendHeads = 60;
export const attendKeyHeads = 64;
export const attendHeadSize = 68;
export const attendLayer = 72;
export const attendScale = 76;
export const attendSoftcap = 80;
export const attendWindow = 84;
/** float32 [heads, span], span = 2 * reach + 1: added to the score at offset key - query + reach. */
export const attendBias = 88;
export const attendBiasReach = 92;
/** 0: append, then read the row's cache. 1: read the encoder keys and values of the row's source. */
export const attendCross = 96;
/** Bit 0: rotate the queries, bit 1: rotate the keys. */
export const attendTurn = 100;
/** 1: attend to all tokens of the row. */
export const attendBidirectional = 104;

// Cache elements.
export const elementFloat32 = 0;
export const elementFloat16 = 1;
export const element8Bit = 2;

// Element-wise operations.
export const elementsKind = 28;
export const elementsSecond = 32;
export const elementsSecondStride = 36;
export const elementsFactor = 40;
export const elementsAdd = 0;
export const elementsScale = 1;
export const elementsSoftcap = 2;
export const elementsMultiply = 3;

// Taps: columns of the input are copied to the frame's address for this layer.
export const tapLayer = 28;

// Reads a range once, divided among the threads, for measurements. The input is its address.
export const readBytes = 28;
