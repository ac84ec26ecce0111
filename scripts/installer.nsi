; The installer for all accounts of a machine, from what `python -m scripts.build_exe` left in dist/.
;   makensis -DVERSION=0.1.0 scripts/installer.nsi
; passerelle-VERSION-setup.exe /S installs without asking; /D=D:\Passerelle, last, names the folder.
; The servers are 64-bit, and so is the program.
Target amd64-unicode
SetCompressor zlib
!include LogicLib.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Passerelle"

Name "Passerelle"
OutFile "../dist/passerelle-${VERSION}-setup.exe"
Icon "passerelle.ico"
UninstallIcon "passerelle.ico"
RequestExecutionLevel admin
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

; Without /D: where it is installed already, else where 64-bit programs are.
Function .onInit
  SetRegView 64
  ${If} $INSTDIR == ""
    ReadRegStr $INSTDIR HKLM "${KEY}" "InstallLocation"
  ${EndIf}
  ${If} $INSTDIR == ""
    StrCpy $INSTDIR "$PROGRAMFILES64\Passerelle"
  ${EndIf}
FunctionEnd

; The libraries of another version must not stay beside those of this one. Windows keeps a running
; program's file, so that a run which is active shows here, before anything is changed.
!macro RemoveProgram
  ClearErrors
  Delete "$INSTDIR\passerelle.exe"
  Delete "$INSTDIR\passerellew.exe"
  ${If} ${Errors}
    MessageBox MB_OK "Passerelle is running: pause its scheduled tasks, then try again." /SD IDOK
    SetErrorLevel 2
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\_internal"
!macroend

Section
  SetRegView 64
  !insertmacro RemoveProgram
  SetOutPath "$INSTDIR"
  File /r "../dist/passerelle/*.*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${KEY}" "DisplayName" "Passerelle"
  WriteRegStr HKLM "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${KEY}" "DisplayIcon" "$INSTDIR\passerelle.exe"
  WriteRegStr HKLM "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
SectionEnd

; What was installed goes; config.toml, ledger, traces and archives stay, and so does their folder.
Section "Uninstall"
  SetRegView 64
  !insertmacro RemoveProgram
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\task_scheduler.xml"
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${KEY}"
SectionEnd
