; The installer for one account, which needs no administrator, from what `python -m scripts.build_exe` left in dist/.
;   makensis -INPUTCHARSET UTF8 -DVERSION=0.1.0 scripts/installer.nsi
; passerelle-VERSION-setup.exe /S installs without asking; /D=D:\Passerelle, last, names the folder.
; The servers are 64-bit, and so is the program.
Target amd64-unicode
SetCompressor zlib
!include LogicLib.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Passerelle"

; Windows' own language decides; the first one stands in for all that are not here.
LoadLanguageFile "${NSISDIR}\Contrib\Language files\English.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\French.nlf"
LangString RUNNING ${LANG_ENGLISH} "Passerelle is running: pause its scheduled tasks, close its windows, then try again."
LangString RUNNING ${LANG_FRENCH} "Passerelle est en marche : suspendre ses tâches planifiées, fermer ses fenêtres, puis recommencer."
LangString NO_DESKTOP ${LANG_ENGLISH} "The Start menu and the PATH could not be changed. Passerelle is installed; `passerelle desktop add` in its folder says why."
LangString NO_DESKTOP ${LANG_FRENCH} "Impossible de modifier le menu Démarrer et le PATH. Passerelle est installé ; `passerelle desktop add` dans son dossier dit pourquoi."
LangString WHERE ${LANG_ENGLISH} "config.toml, orders and traces will lie in this folder as well: choose one in which your account can write."
LangString WHERE ${LANG_FRENCH} "config.toml, commandes et traces seront aussi dans ce dossier : en choisir un où votre compte peut écrire."

Name "Passerelle"
OutFile "../dist/passerelle-${VERSION}-setup.exe"
Icon "passerelle.ico"
UninstallIcon "passerelle.ico"
RequestExecutionLevel user
DirText "$(WHERE)"
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

; Without /D: where it is installed already, else where Windows has the programs of one account.
Function .onInit
  SetRegView 64
  ${If} $INSTDIR == ""
    ReadRegStr $INSTDIR HKCU "${KEY}" "InstallLocation"
  ${EndIf}
  ${If} $INSTDIR == ""
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\Passerelle"
  ${EndIf}
FunctionEnd

; The libraries of another version must not stay beside those of this one. Windows keeps a running
; program's file, so that a run which is active shows here, before anything is changed.
!macro RemoveProgram
  ClearErrors
  Delete "$INSTDIR\passerelle.exe"
  Delete "$INSTDIR\passerellew.exe"
  ${If} ${Errors}
    MessageBox MB_OK "$(RUNNING)" /SD IDOK
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
  WriteRegStr HKCU "${KEY}" "DisplayName" "Passerelle"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\passerelle.exe"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  ; The windowed program: no console flashes.
  ClearErrors
  ExecWait '"$INSTDIR\passerellew.exe" desktop add' $0
  ${If} ${Errors}
  ${OrIf} $0 != 0
    MessageBox MB_OK "$(NO_DESKTOP)" /SD IDOK
  ${EndIf}
SectionEnd

; What was installed goes; config.toml, ledger, traces and archives stay, and so does their folder.
Section "Uninstall"
  SetRegView 64
  ExecWait '"$INSTDIR\passerellew.exe" desktop remove'
  !insertmacro RemoveProgram
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\README.txt"
  Delete "$INSTDIR\LISEZMOI.txt"
  Delete "$INSTDIR\task_scheduler.xml"
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${KEY}"
SectionEnd
