/*===- spattn-c/Spattn.h - All of the C API -----------------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_SPATTN_H
#define SPATTN_C_SPATTN_H

#include "spattn-c/Context.h"
#include "spattn-c/Kernel.h"
#include "spattn-c/Launch.h"
#include "spattn-c/Module.h"
#include "spattn-c/Structure.h"
#include "spattn-c/Support.h"

#endif /* SPATTN_C_SPATTN_H */
